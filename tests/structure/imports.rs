//! The imports of a crate's modules: `use` and every other path that begins with `crate`, `self` or `super`.

use crate::modules::files;
use quote::ToTokens;
use std::collections::BTreeMap;
use std::path::Path;
use syn::visit::{self, Visit};

type ModulePath = Vec<String>;

/// The imports of all modules.
pub(crate) struct Imports {
    modules: Vec<ModulePath>,
    /// Paths as they stand in a module, from the crate's root.
    paths: Vec<(ModulePath, ModulePath)>,
    /// Names that a module has from elsewhere, and what they stand for.
    renamed: BTreeMap<(ModulePath, String), ModulePath>,
}

impl Imports {
    /// Reads all files beneath a crate's `src`.
    pub(crate) fn of(source: &Path) -> Self {
        let files = files(source);
        let mut imports =
            Self { modules: files.keys().cloned().collect(), paths: Vec::new(), renamed: BTreeMap::new() };
        for (module, file) in &files {
            let text = std::fs::read_to_string(file).expect("a source file can be read");
            let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            let mut reader = Reader { file: module, inline: Vec::new(), imports: &mut imports };
            reader.visit_file(&parsed);
        }
        imports
    }

    /// Each import, as the importing module and the imported one.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&ModulePath, &ModulePath)> {
        self.paths.iter().filter_map(|(from, path)| Some((from, self.module_of(path, 0)?)))
    }

    /// The module that a path leads into, through names that other modules have from elsewhere.
    fn module_of(&self, path: &[String], depth: usize) -> Option<&ModulePath> {
        let module =
            (0..=path.len()).rev().find_map(|end| self.modules.iter().find(|module| module[..] == path[..end]))?;
        let Some(name) = path.get(module.len()) else { return Some(module) };
        match self.renamed.get(&(module.clone(), name.clone())) {
            Some(meant) if depth < 8 => {
                let rest = &path[module.len() + 1..];
                self.module_of(&[meant.as_slice(), rest].concat(), depth + 1)
            }
            _ => Some(module),
        }
    }
}

/// Reader of one file.
struct Reader<'r> {
    file: &'r ModulePath,
    /// Modules in braces around the present place.
    inline: ModulePath,
    imports: &'r mut Imports,
}

impl Reader<'_> {
    fn here(&self) -> ModulePath {
        [self.file.as_slice(), &self.inline].concat()
    }

    /// A path from the crate's root; `None`: it leads into another crate, or is a name of this module.
    fn absolute(&self, path: &[String]) -> Option<ModulePath> {
        let mut base = match path.first()?.as_str() {
            "crate" => Vec::new(),
            "self" => self.here(),
            "super" => {
                let mut here = self.here();
                here.pop();
                here
            }
            name => {
                let child = [self.here(), vec![name.to_owned()]].concat();
                return self.imports.modules.contains(&child).then(|| [self.here(), path.to_vec()].concat());
            }
        };
        for name in &path[1..] {
            if name == "super" { drop(base.pop()) } else { base.push(name.clone()) }
        }
        Some(base)
    }

    fn tree(&mut self, tree: &syn::UseTree, path: &mut ModulePath) {
        match tree {
            syn::UseTree::Path(step) => {
                path.push(step.ident.to_string());
                self.tree(&step.tree, path);
                path.pop();
            }
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.tree(tree, path)),
            syn::UseTree::Glob(_) => self.note(path, None),
            syn::UseTree::Name(name) if name.ident == "self" => self.note(path, path.last().cloned()),
            syn::UseTree::Name(name) => self.named(path, &name.ident, &name.ident),
            syn::UseTree::Rename(rename) if rename.ident == "self" => self.note(path, Some(rename.rename.to_string())),
            syn::UseTree::Rename(rename) => self.named(path, &rename.ident, &rename.rename),
        }
    }

    fn named(&mut self, path: &mut ModulePath, name: &syn::Ident, here: &syn::Ident) {
        path.push(name.to_string());
        self.note(path, Some(here.to_string()));
        path.pop();
    }

    fn note(&mut self, path: &[String], named: Option<String>) {
        let Some(path) = self.absolute(path) else { return };
        if let Some(named) = named.filter(|_| self.inline.is_empty()) {
            self.imports.renamed.insert((self.file.clone(), named), path.clone());
        }
        self.imports.paths.push((self.file.clone(), path));
    }
}

/// True if an item is there for tests alone.
fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute
                .meta
                .to_token_stream()
                .to_string()
                .split(|letter: char| !letter.is_alphanumeric())
                .any(|word| word == "test")
    })
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if !is_test(&item.attrs) {
            self.tree(&item.tree, &mut Vec::new());
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if is_test(&item.attrs) {
            return;
        }
        self.inline.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.inline.pop();
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let path_here: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if path_here.len() > 1 && ["crate", "self", "super"].contains(&path_here[0].as_str()) {
            self.note(&path_here, None);
        }
        visit::visit_path(self, path);
    }
}
