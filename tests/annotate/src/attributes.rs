//! Puts `#[memprof::track_memory]` on all that the documentation accepts, in the text of a Rust file.

use proc_macro2::{LineColumn, Span};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, ImplItemFn, ItemFn, ItemImpl, ItemMod, ItemTrait, Signature, TraitItem, TraitItemFn, Visibility};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// On each function.
    Functions,
    /// On each `impl` block, trait and module with a body, and on the functions outside of them.
    Blocks,
}

/// The text with attributes, and how many. None where it cannot be read: it stays as it is.
pub(crate) fn annotate(text: &str, mode: Mode) -> Option<(String, usize)> {
    let text = text.trim_start_matches('\u{feff}');
    let file = syn::parse_file(text).ok()?;
    let mut finder = Finder { mode, at: Vec::new() };
    finder.visit_file(&file);
    let mut places = finder.at;
    places.sort_unstable();
    places.dedup();
    let mut lines: Vec<String> = text.split('\n').map(String::from).collect();
    for place in places.iter().rev() {
        let line = lines.get_mut(place.line.checked_sub(1)?)?;
        let byte = line.char_indices().nth(place.column).map_or(line.len(), |(at, _)| at);
        line.insert_str(byte, "#[memprof::track_memory] ");
    }
    Some((lines.join("\n"), places.len()))
}

struct Finder {
    mode: Mode,
    at: Vec<LineColumn>,
}

impl Finder {
    fn function(&mut self, attrs: &[Attribute], vis: Option<&Visibility>, defaultness: Option<Span>, sig: &Signature) {
        const OF_THE_COMPILER: [&str; 5] =
            ["naked", "panic_handler", "proc_macro", "proc_macro_attribute", "proc_macro_derive"];
        let of_the_compiler = attrs.iter().any(|attr| OF_THE_COMPILER.iter().any(|name| attr.path().is_ident(name)));
        if sig.constness.is_some() || sig.variadic.is_some() || of_the_compiler {
            return;
        }
        let first = match vis {
            Some(vis) if !matches!(vis, Visibility::Inherited) => vis.span(),
            _ => defaultness.unwrap_or_else(|| sig.span()),
        };
        self.at.push(first.start());
    }

    fn block(&mut self, vis: Option<&Visibility>, first: Span) {
        let first = match vis {
            Some(vis) if !matches!(vis, Visibility::Inherited) => vis.span(),
            _ => first,
        };
        self.at.push(first.start());
    }
}

impl<'ast> Visit<'ast> for Finder {
    fn visit_item_fn(&mut self, node: &'ast ItemFn) {
        self.function(&node.attrs, Some(&node.vis), None, &node.sig);
        if self.mode == Mode::Functions {
            visit::visit_item_fn(self, node);
        }
    }

    fn visit_impl_item_fn(&mut self, node: &'ast ImplItemFn) {
        let defaultness = node.defaultness.map(|token| token.span());
        self.function(&node.attrs, Some(&node.vis), defaultness, &node.sig);
        visit::visit_impl_item_fn(self, node);
    }

    fn visit_trait_item_fn(&mut self, node: &'ast TraitItemFn) {
        if node.default.is_some() {
            self.function(&node.attrs, None, None, &node.sig);
        }
        visit::visit_trait_item_fn(self, node);
    }

    fn visit_item_impl(&mut self, node: &'ast ItemImpl) {
        let of = node.trait_.as_ref().and_then(|(_, path, _)| path.segments.last());
        if of.is_some_and(|name| name.ident == "GlobalAlloc") {
            return;
        }
        if self.mode == Mode::Functions {
            return visit::visit_item_impl(self, node);
        }
        let first = node.defaultness.map(|token| token.span()).or(node.unsafety.map(|token| token.span()));
        self.block(None, first.unwrap_or(node.impl_token.span()));
    }

    fn visit_item_trait(&mut self, node: &'ast ItemTrait) {
        if self.mode == Mode::Functions {
            return visit::visit_item_trait(self, node);
        }
        if node.items.iter().any(|item| matches!(item, TraitItem::Fn(function) if function.default.is_some())) {
            self.block(Some(&node.vis), node.unsafety.map_or(node.trait_token.span(), |token| token.span()));
        }
    }

    fn visit_item_mod(&mut self, node: &'ast ItemMod) {
        let Some((_, items)) = &node.content else { return };
        // A file within cannot be shown to an attribute.
        let has_file = items.iter().any(|item| matches!(item, syn::Item::Mod(inner) if inner.content.is_none()));
        if self.mode == Mode::Functions || has_file {
            return visit::visit_item_mod(self, node);
        }
        self.block(Some(&node.vis), node.mod_token.span());
    }
}
