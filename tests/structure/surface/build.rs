//! One build of memprof: its modules and items with a choice of features, on 64-bit Linux, and the lookup of names.

use super::rows::Definition;
use crate::conditions::{Condition, has};
use crate::crates::modules;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

pub(super) type ModulePath = Vec<String>;

/// A module and a name in it.
pub(super) type Name = (ModulePath, String);

/// Limit of imports that lead to each other.
const MOST_IMPORTS: usize = 12;

/// End of a path.
pub(super) enum Found {
    Here(Name),
    /// In another crate: the path from there.
    Elsewhere(Vec<String>),
}

/// A name that a `use` brings into a module.
pub(super) struct Import {
    pub(super) name: String,
    pub(super) path: Vec<String>,
    pub(super) is_public: bool,
}

pub(super) struct Build {
    flags: BTreeSet<String>,
    pub(super) items: BTreeMap<ModulePath, Vec<syn::Item>>,
    pub(super) imports: BTreeMap<ModulePath, Vec<Import>>,
}

impl Build {
    pub(super) fn new(source: &Path, features: &BTreeSet<String>) -> Self {
        let mut build = Self {
            flags: features.iter().map(|name| format!("feature = {name:?}")).collect(),
            items: BTreeMap::new(),
            imports: BTreeMap::new(),
        };
        let modules: Vec<_> =
            modules(source).into_iter().filter(|module| build.holds_all(&module.conditions)).collect();
        let mut definition = Definition::default();
        for item in modules.iter().flat_map(|module| &module.items) {
            if let syn::Item::Macro(item) = item
                && item.ident.as_ref().is_some_and(|name| name == "data")
            {
                definition = Definition::read(item.mac.tokens.clone());
            }
        }
        for module in modules {
            let written = module.items.into_iter().flat_map(|item| match item {
                syn::Item::Macro(item) if item.ident.is_none() && item.mac.path.is_ident("data") => {
                    definition.rows(item.mac.tokens)
                }
                item => vec![item],
            });
            let items: Vec<syn::Item> = written.filter(|item| build.has(attributes(item))).collect();
            let mut imports = Vec::new();
            for item in &items {
                if let syn::Item::Use(item) = item {
                    let is_public = matches!(item.vis, syn::Visibility::Public(_));
                    tree(&item.tree, &mut Vec::new(), is_public, &mut imports);
                }
            }
            build.imports.insert(module.path.clone(), imports);
            build.items.insert(module.path, items);
        }
        build
    }

    fn holds_all(&self, conditions: &[Condition]) -> bool {
        has(&self.flags, conditions)
    }

    /// True if an item with these attributes is in the build.
    pub(super) fn has(&self, attributes: &[syn::Attribute]) -> bool {
        self.holds_all(&Condition::of(attributes))
    }

    /// The definition that a path leads to, seen from a module.
    pub(super) fn find(&self, from: &[String], path: &[String]) -> Found {
        self.find_within(from, path, MOST_IMPORTS)
    }

    fn find_within(&self, from: &[String], path: &[String], imports: usize) -> Found {
        let mut base = from.to_vec();
        let mut rest = path;
        while let Some((first, after)) = rest.split_first() {
            match first.as_str() {
                "crate" => base.clear(),
                "self" => {}
                "super" => drop(base.pop()),
                _ => break,
            }
            rest = after;
        }
        let found = self.find_in(&base, rest, imports);
        found.unwrap_or_else(|| Found::Elsewhere(path.to_vec()))
    }

    /// The definition of a path that begins with a name in the module; `None` if the module has no such name.
    fn find_in(&self, module: &[String], path: &[String], imports: usize) -> Option<Found> {
        let (first, rest) = path.split_first()?;
        let child = [module, std::slice::from_ref(first)].concat();
        if self.items.contains_key(&child) && !rest.is_empty() {
            return self.find_in(&child, rest, imports);
        }
        // A module can have the name of a function that is imported from it.
        let mut items = self.items.get(module)?.iter().filter(|item| !matches!(item, syn::Item::Mod(_)));
        if items.any(|item| name_of(item).as_deref() == Some(first)) {
            return Some(Found::Here((module.to_vec(), first.clone())));
        }
        let import = self.imports.get(module)?.iter().find(|import| import.name == *first)?;
        let path = [import.path.as_slice(), rest].concat();
        Some(self.find_within(module, &path, imports.checked_sub(1).expect("imports lead to an end")))
    }
}

pub(super) fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(item) => &item.attrs,
        syn::Item::Enum(item) => &item.attrs,
        syn::Item::ExternCrate(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::ForeignMod(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Macro(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Static(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Trait(item) => &item.attrs,
        syn::Item::Type(item) => &item.attrs,
        syn::Item::Union(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// The name that an item declares in its module.
pub(super) fn name_of(item: &syn::Item) -> Option<String> {
    let name = match item {
        syn::Item::Const(item) => &item.ident,
        syn::Item::Enum(item) => &item.ident,
        syn::Item::Fn(item) => &item.sig.ident,
        syn::Item::Macro(item) => item.ident.as_ref()?,
        syn::Item::Mod(item) => &item.ident,
        syn::Item::Static(item) => &item.ident,
        syn::Item::Struct(item) => &item.ident,
        syn::Item::Trait(item) => &item.ident,
        syn::Item::Type(item) => &item.ident,
        syn::Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}

fn tree(tree: &syn::UseTree, path: &mut Vec<String>, is_public: bool, into: &mut Vec<Import>) {
    let mut add = |path: Vec<String>, name: &syn::Ident| into.push(Import { name: name.to_string(), path, is_public });
    match tree {
        syn::UseTree::Path(step) => {
            path.push(step.ident.to_string());
            self::tree(&step.tree, path, is_public, into);
            path.pop();
        }
        syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self::tree(tree, path, is_public, into)),
        syn::UseTree::Name(name) if name.ident == "self" => {
            if let Some(last) = path.last().cloned() {
                into.push(Import { name: last, path: path.clone(), is_public });
            }
        }
        syn::UseTree::Rename(rename) if rename.ident == "self" => add(path.clone(), &rename.rename),
        syn::UseTree::Name(name) => add([path.as_slice(), &[name.ident.to_string()]].concat(), &name.ident),
        syn::UseTree::Rename(rename) => add([path.as_slice(), &[rename.ident.to_string()]].concat(), &rename.rename),
        // All names of another module: none are in the public API.
        syn::UseTree::Glob(_) => {}
    }
}
