//! The types that the macro `data!` declares: the rows of a report.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use std::collections::VecDeque;
use syn::parse::{ParseStream, Parser};

/// The macro's definition, so far as it concerns the API of each row.
#[derive(Default)]
pub(super) struct Definition {
    /// Attributes of every row.
    attributes: TokenStream,
    /// Traits of every row that are implemented beside it, each with the attributes of its block.
    traits: Vec<(TokenStream, TokenStream)>,
}

impl Definition {
    /// Reads the tokens of `macro_rules! data`.
    pub(super) fn read(tokens: TokenStream) -> Self {
        // The first rule: what is matched, `=>`, what comes of it, which is one repetition.
        let expansion = groups(tokens).nth(1).expect("the macro has a rule");
        let each = groups(expansion).next().expect("the rule repeats for each row");
        let mut tokens: VecDeque<TokenTree> = each.into_iter().collect();
        let mut definition = Self::default();
        let mut attributes = TokenStream::new();
        while let Some(token) = tokens.pop_front() {
            match token {
                TokenTree::Punct(hash) if hash.as_char() == '#' => {
                    attributes.extend([TokenTree::Punct(hash), tokens.pop_front().expect("an attribute has a text")]);
                }
                TokenTree::Ident(word) if word == "pub" => definition.attributes = std::mem::take(&mut attributes),
                TokenTree::Ident(word) if word == "const" => {
                    let block = tokens.iter().find_map(|token| match token {
                        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Some(group.stream()),
                        _ => None,
                    });
                    let attributes = std::mem::take(&mut attributes);
                    let traits = traits_of_rows(block.expect("the constant has a block"));
                    definition.traits.extend(traits.map(|name| (attributes.clone(), name)));
                }
                _ => {}
            }
        }
        definition
    }

    /// The rows that one use of the macro declares, as if they were written out.
    pub(super) fn rows(&self, tokens: TokenStream) -> Vec<syn::Item> {
        let mut items = Vec::new();
        for row in (|input: ParseStream<'_>| rows(input)).parse2(tokens).expect("rows of a report") {
            let (attributes, name) = (&self.attributes, &row.name);
            let (of_row, fields) = (&row.attributes, &row.fields);
            items
                .push(syn::parse2(quote!(#(#of_row)* #attributes pub struct #name { #(#fields)* })).expect("a struct"));
            for (condition, of) in &self.traits {
                items.push(syn::parse2(quote!(#condition impl #of for #name {})).expect("an impl"));
            }
        }
        items
    }
}

/// The groups in tokens, one after the other.
fn groups(tokens: TokenStream) -> impl Iterator<Item = TokenStream> {
    tokens.into_iter().filter_map(|token| match token {
        TokenTree::Group(group) => Some(group.stream()),
        _ => None,
    })
}

/// The traits in `impl … for $name`, with their lifetimes left out.
fn traits_of_rows(block: TokenStream) -> impl Iterator<Item = TokenStream> {
    let text = block.to_string().replace("$ ", "$");
    let impls: Vec<TokenStream> = text
        .split("impl ")
        .skip(1)
        .filter_map(|rest| rest.split_once(" for $name").map(|(of, _)| of.to_owned()))
        .filter(|of| !of.contains('{'))
        .map(|of| if let Some(rest) = of.strip_prefix("< 'de >") { rest.to_owned() } else { of })
        .map(|of| of.replace("< 'de >", "").parse().expect("a trait"))
        .collect();
    impls.into_iter()
}

struct Row {
    attributes: Vec<syn::Attribute>,
    name: syn::Ident,
    fields: Vec<TokenStream>,
}

fn rows(input: ParseStream<'_>) -> syn::Result<Vec<Row>> {
    let mut rows = Vec::new();
    while !input.is_empty() {
        let attributes = input.call(syn::Attribute::parse_outer)?;
        input.parse::<syn::Token![pub]>()?;
        input.parse::<syn::Token![struct]>()?;
        let name = input.parse()?;
        let body;
        syn::braced!(body in input);
        let mut fields = Vec::new();
        while !body.is_empty() {
            let attributes = body.call(syn::Attribute::parse_outer)?;
            let (field, _, ty): (syn::Ident, syn::Token![:], syn::Type) = (body.parse()?, body.parse()?, body.parse()?);
            // Its name in JSON, and what it is where an older report lacks it.
            while !body.peek(syn::Token![,]) {
                body.parse::<TokenTree>()?;
            }
            body.parse::<syn::Token![,]>()?;
            fields.push(quote!(#(#attributes)* pub #field: #ty,).into_token_stream());
        }
        rows.push(Row { attributes, name, fields });
    }
    Ok(rows)
}
