//! The module tree of a crate, as the compiler finds it: from `lib.rs` through every `mod`, with the conditions of
//! each.

use crate::conditions::{Condition, possible};
use std::fs;
use std::path::{Path, PathBuf};

/// One module of a crate, and the items in it. Those for tests alone are left out.
pub(crate) struct Module {
    /// Empty: the crate's root.
    pub(crate) path: Vec<String>,
    pub(crate) file: PathBuf,
    /// The conditions of the module, and of those around it.
    pub(crate) conditions: Vec<Condition>,
    pub(crate) items: Vec<syn::Item>,
}

/// The modules of a crate, by the folder of its sources.
pub(crate) fn modules(source: &Path) -> Vec<Module> {
    modules_of(&source.join("lib.rs"))
}

/// The modules of a crate, by its first file.
pub(crate) fn modules_of(root: &Path) -> Vec<Module> {
    let mut modules = Vec::new();
    let (root, source) = (root.to_owned(), root.parent().expect("a file is in a folder"));
    let items = parse(&root).items;
    add(&mut modules, &Place { folder: source.to_owned(), file: root, inline: false }, Vec::new(), &[], items);
    modules
}

/// Place of a module's text.
struct Place {
    /// Folder of its child modules.
    folder: PathBuf,
    file: PathBuf,
    /// True for a module in braces.
    inline: bool,
}

fn parse(file: &Path) -> syn::File {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn add(modules: &mut Vec<Module>, place: &Place, path: Vec<String>, conditions: &[Condition], items: Vec<syn::Item>) {
    let mut rest = Vec::new();
    let mut children = Vec::new();
    for item in items {
        let syn::Item::Mod(mut child) = item else {
            rest.push(item);
            continue;
        };
        let conditions = [conditions, &Condition::of(&child.attrs)].concat();
        if possible(&conditions) {
            let path = [path.as_slice(), &[child.ident.to_string()]].concat();
            let (place, items) = child_of(place, &mut child);
            children.push((place, path, conditions, items));
        }
        rest.push(syn::Item::Mod(child));
    }
    modules.push(Module { path, file: place.file.clone(), conditions: conditions.to_vec(), items: rest });
    for (place, path, conditions, items) in children {
        add(modules, &place, path, &conditions, items);
    }
}

/// The place of a child module, and its items, which are taken out of it.
fn child_of(parent: &Place, child: &mut syn::ItemMod) -> (Place, Vec<syn::Item>) {
    let name = child.ident.to_string();
    if let Some((_, items)) = child.content.take() {
        let place = Place { folder: parent.folder.join(name), file: parent.file.clone(), inline: true };
        return (place, items);
    }
    let named = child.attrs.iter().find(|attribute| attribute.path().is_ident("path")).map(|attribute| {
        let syn::Meta::NameValue(syn::MetaNameValue {
            value: syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(path), .. }),
            ..
        }) = &attribute.meta
        else {
            panic!("a module's path is a string");
        };
        let beside = if parent.inline { Some(parent.folder.as_path()) } else { parent.file.parent() };
        beside.expect("a file is in a folder").join(path.value())
    });
    let candidates = [parent.folder.join(format!("{name}.rs")), parent.folder.join(&name).join("mod.rs")];
    let file = named.or_else(|| candidates.into_iter().find(|file| file.is_file()));
    let file = file.unwrap_or_else(|| panic!("no file for the module {name} of {}", parent.file.display()));
    // The children of `mod.rs` are beside it, those of other files in a folder of the file's name.
    let folder = if file.ends_with("mod.rs") { file.with_file_name("") } else { file.with_extension("") };
    let items = parse(&file).items;
    (Place { folder, file, inline: false }, items)
}
