//! The public items of one build, a line each.

use super::build::{Build, Found, ModulePath, Name, attributes, name_of};
use super::spelling::spell;
use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use std::collections::{BTreeMap, BTreeSet};

/// The lines of a build, sorted.
pub(super) fn lines(build: &Build) -> BTreeSet<String> {
    let mut walk = Walk { build, public: BTreeMap::new(), lines: BTreeSet::new() };
    walk.module(&[], "memprof");
    walk.again();
    walk.impls();
    walk.lines
}

/// A walk over the public modules.
struct Walk<'b> {
    build: &'b Build,
    /// Public paths of each definition.
    public: BTreeMap<Name, Vec<String>>,
    lines: BTreeSet<String>,
}

impl Walk<'_> {
    /// Notes the public paths of all that a public module declares and exports.
    fn module(&mut self, module: &[String], public: &str) {
        for item in self.build.items.get(module).into_iter().flatten() {
            if is_hidden(attributes(item)) {
                continue;
            }
            let Some(name) = name_of(item) else { continue };
            let path = format!("{public}::{name}");
            match item {
                syn::Item::Mod(item) if is_public(&item.vis) => {
                    self.lines.insert(format!("mod {path}"));
                    self.module(&[module, &[name]].concat(), &path);
                }
                syn::Item::Mod(_) => {}
                syn::Item::Macro(item) if is_exported(item) => {
                    self.note((Vec::new(), name.clone()), format!("memprof::{name}"));
                }
                item if is_public(visibility(item)) => self.note((module.to_vec(), name), path),
                _ => {}
            }
        }
        for import in self.build.imports.get(module).into_iter().flatten().filter(|import| import.is_public) {
            let path = format!("{public}::{}", import.name);
            match self.build.find(module, &import.path) {
                Found::Here(definition) => self.note(definition, path),
                Found::Elsewhere(other) => match self.exported_macro(&other) {
                    Some(definition) => self.note(definition, path),
                    None => drop(self.lines.insert(format!("use {} as {path}", other.join("::")))),
                },
            }
        }
    }

    /// A macro is at the root, in whichever module it is declared.
    fn exported_macro(&self, path: &[String]) -> Option<Name> {
        let ["crate", name] = path.iter().map(String::as_str).collect::<Vec<_>>()[..] else { return None };
        let module = self.build.items.iter().find(|(_, items)| {
            items.iter().any(
                |item| matches!(item, syn::Item::Macro(item) if item.ident.as_ref().is_some_and(|own| own == name)),
            )
        });
        module.map(|(module, _)| (module.clone(), name.to_owned()))
    }

    fn note(&mut self, definition: Name, path: String) {
        self.public.entry(definition).or_default().push(path);
    }

    /// The lines of all definitions: in full at the first path, with a reference to it at the others.
    fn again(&mut self) {
        for (definition, paths) in self.public.clone() {
            let Some((first, others)) = paths.split_first() else { continue };
            for other in others {
                self.lines.insert(format!("use {first} as {other}"));
            }
            let items = self.build.items.get(&definition.0).into_iter().flatten();
            // A module and a macro can have one name.
            let items = items.filter(|item| !matches!(item, syn::Item::Mod(_)));
            for item in items.filter(|item| name_of(item).as_ref() == Some(&definition.1)) {
                self.item(item, first);
            }
        }
    }

    fn item(&mut self, item: &syn::Item, path: &str) {
        match item {
            syn::Item::Const(item) => self.line(&item.attrs, format!("const {path}: {}", spell(&item.ty))),
            syn::Item::Static(item) => self.line(&item.attrs, format!("static {path}: {}", spell(&item.ty))),
            syn::Item::Fn(item) => self.line(&item.attrs, signature(&item.sig, path)),
            syn::Item::Type(item) => {
                let (generics, ty) = (&item.generics, &item.ty);
                self.line(&item.attrs, format!("type {path}{} = {}", spell(generics), spell(ty)));
            }
            syn::Item::Struct(item) => self.structure(item, path),
            syn::Item::Enum(item) => {
                self.line(&item.attrs, format!("enum {path}{}", generics(&item.generics)));
                self.derived(&item.attrs, &item.generics, path);
                for variant in item.variants.iter().filter(|variant| self.build.has(&variant.attrs)) {
                    let path = format!("{path}::{}", variant.ident);
                    let types =
                        variant.fields.iter().filter(|field| field.ident.is_none()).map(|field| spell(&field.ty));
                    let types: Vec<String> = types.collect();
                    let types = if types.is_empty() { String::new() } else { format!("({})", types.join(", ")) };
                    self.line(&variant.attrs, format!("variant {path}{types}"));
                    for field in &variant.fields {
                        if let Some(name) = &field.ident {
                            self.line(&field.attrs, format!("field {path}::{name}: {}", spell(&field.ty)));
                        }
                    }
                }
            }
            syn::Item::Trait(item) => {
                let bounds = &item.supertraits;
                let bounds = if bounds.is_empty() { String::new() } else { format!(": {}", spell(bounds)) };
                self.line(&item.attrs, format!("trait {path}{}{bounds}", generics(&item.generics)));
                for inner in &item.items {
                    match inner {
                        syn::TraitItem::Fn(inner) => {
                            self.line(&inner.attrs, signature(&inner.sig, &format!("{path}::{}", inner.sig.ident)));
                        }
                        other => drop(self.lines.insert(format!("in {path}: {}", spell(other)))),
                    }
                }
            }
            syn::Item::Macro(item) => {
                for rule in rules(&item.mac.tokens) {
                    self.lines.insert(format!("macro {path}!({rule})"));
                }
            }
            other => panic!("a public item of an unknown kind: {}", spell(other)),
        }
    }

    fn structure(&mut self, item: &syn::ItemStruct, path: &str) {
        let is_open = item.fields.iter().all(|field| is_public(&field.vis));
        let rest = if is_open { "" } else { " with private fields" };
        self.line(&item.attrs, format!("struct {path}{}{rest}", generics(&item.generics)));
        self.derived(&item.attrs, &item.generics, path);
        for (index, field) in item.fields.iter().enumerate() {
            if is_public(&field.vis) && self.build.has(&field.attrs) {
                let name = field.ident.as_ref().map_or_else(|| index.to_string(), ToString::to_string);
                self.line(&field.attrs, format!("field {path}::{name}: {}", spell(&field.ty)));
            }
        }
    }

    /// Adds a line, with the attributes that callers notice.
    fn line(&mut self, attributes: &[syn::Attribute], line: String) {
        if is_hidden(attributes) || !self.build.has(attributes) {
            return;
        }
        let mut marks = String::new();
        for name in ["non_exhaustive", "must_use", "deprecated", "track_caller"] {
            if attributes.iter().any(|attribute| attribute.path().is_ident(name)) {
                marks += &format!(" #[{name}]");
            }
        }
        self.lines.insert(line + &marks);
    }

    fn derived(&mut self, attributes: &[syn::Attribute], of: &syn::Generics, path: &str) {
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("derive")) {
            let list =
                attribute.parse_args_with(syn::punctuated::Punctuated::<syn::Path, syn::Token![,]>::parse_terminated);
            for name in list.expect("derive has a list of traits") {
                let name = name.segments.last().expect("a trait has a name").to_token_stream();
                let (params, arguments, _) = of.split_for_impl();
                let (params, name, arguments) = (spell(params), spell(name), spell(arguments));
                self.lines.insert(format!("impl{params} {name} for {path}{arguments}"));
            }
        }
    }

    /// The impls of public types.
    fn impls(&mut self) {
        let private: BTreeSet<String> = self.private_traits();
        for (module, items) in &self.build.items {
            for item in items {
                let syn::Item::Impl(item) = item else { continue };
                let Some((name, arguments)) = self.public_name(module, &item.self_ty) else { continue };
                match &item.trait_ {
                    None => {
                        for inner in &item.items {
                            self.inner(inner, &name);
                        }
                    }
                    Some(of) => {
                        let last = of.0.segments.last().expect("a trait has a name");
                        if !private.contains(&last.ident.to_string()) {
                            let safety = if item.unsafety.is_some() { "unsafe " } else { "" };
                            let (params, bounds) = (&item.generics.params, &item.generics.where_clause);
                            let params = if params.is_empty() { TokenStream::new() } else { quote!(<#params>) };
                            let bounds =
                                bounds.as_ref().map(|bounds| format!(" {}", spell(bounds))).unwrap_or_default();
                            let (params, last) = (spell(params), spell(last));
                            self.lines.insert(format!("{safety}impl{params} {last} for {name}{arguments}{bounds}"));
                        }
                    }
                }
            }
        }
    }

    fn inner(&mut self, inner: &syn::ImplItem, path: &str) {
        match inner {
            syn::ImplItem::Fn(inner) if is_public(&inner.vis) => {
                self.line(&inner.attrs, signature(&inner.sig, &format!("{path}::{}", inner.sig.ident)));
            }
            syn::ImplItem::Const(inner) if is_public(&inner.vis) => {
                self.line(&inner.attrs, format!("const {path}::{}: {}", inner.ident, spell(&inner.ty)));
            }
            _ => {}
        }
    }

    /// The traits of this crate that no public path leads to.
    fn private_traits(&self) -> BTreeSet<String> {
        let mut traits = BTreeSet::new();
        for (module, items) in &self.build.items {
            for item in items {
                let syn::Item::Trait(item) = item else { continue };
                let name = item.ident.to_string();
                if !self.public.contains_key(&(module.clone(), name.clone())) {
                    traits.insert(name);
                }
            }
        }
        traits
    }

    /// The public path of an impl's type, and its generic arguments.
    fn public_name(&self, module: &ModulePath, ty: &syn::Type) -> Option<(String, String)> {
        let syn::Type::Path(ty) = ty else { return None };
        let path: Vec<String> = ty.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        let Found::Here(definition) = self.build.find(module, &path) else { return None };
        let arguments = spell(&ty.path.segments.last()?.arguments);
        Some((self.public.get(&definition)?.first()?.clone(), arguments))
    }
}

fn visibility(item: &syn::Item) -> &syn::Visibility {
    match item {
        syn::Item::Const(item) => &item.vis,
        syn::Item::Enum(item) => &item.vis,
        syn::Item::Fn(item) => &item.vis,
        syn::Item::Static(item) => &item.vis,
        syn::Item::Struct(item) => &item.vis,
        syn::Item::Trait(item) => &item.vis,
        syn::Item::Type(item) => &item.vis,
        syn::Item::Union(item) => &item.vis,
        _ => &syn::Visibility::Inherited,
    }
}

fn is_exported(item: &syn::ItemMacro) -> bool {
    item.attrs.iter().any(|attribute| attribute.path().is_ident("macro_export"))
}

fn is_public(visibility: &syn::Visibility) -> bool {
    matches!(visibility, syn::Visibility::Public(_))
}

fn is_hidden(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| attribute.path().is_ident("doc") && spell(&attribute.meta) == "doc(hidden)")
}

fn generics(generics: &syn::Generics) -> String {
    let bounds = generics.where_clause.as_ref().map(|bounds| format!(" {}", spell(bounds)));
    let params = &generics.params;
    if params.is_empty() {
        String::new()
    } else {
        format!("{}{}", spell(quote!(<#params>)), bounds.unwrap_or_default())
    }
}

/// A function, with the types of its arguments and without their names.
fn signature(signature: &syn::Signature, path: &str) -> String {
    let syn::Signature { constness, asyncness, safety, abi, generics, inputs, output, .. } = signature;
    let inputs = inputs.iter().map(|input| match input {
        syn::FnArg::Typed(input) => spell(&input.ty),
        syn::FnArg::Receiver(receiver) => spell(receiver).trim_start_matches("mut ").to_owned(),
    });
    let inputs: Vec<String> = inputs.collect();
    let unsafety = matches!(safety, syn::Safety::Unsafe(_)).then(|| quote!(unsafe));
    let before = spell(quote!(#constness #asyncness #unsafety #abi fn));
    let (params, bounds) = (&generics.params, &generics.where_clause);
    let params = if params.is_empty() { String::new() } else { spell(quote!(<#params>)) };
    let after = spell(quote!(#output #bounds));
    format!("{before} {path}{params}({}) {after}", inputs.join(", ")).trim_end().trim_end_matches(',').to_owned()
}

/// The patterns of a macro's rules. Those that begin with `@` are its own.
fn rules(tokens: &TokenStream) -> Vec<String> {
    let mut groups = Vec::new();
    for token in tokens.clone() {
        if let TokenTree::Group(group) = token {
            groups.push(group.stream());
        }
    }
    let patterns = groups.into_iter().step_by(2).map(|pattern| {
        let text = pattern.to_string().replace("$ ", "$").replace(" : ", ":").replace(" ,", ",");
        text.replace(") ?", ")?").replace(") *", ")*").replace(") +", ")+")
    });
    patterns.filter(|pattern| !pattern.starts_with('@')).collect()
}
