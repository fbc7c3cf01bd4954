//! Names of types: each is defined once in the library crates.

use crate::conditions::{Condition, possible};
use crate::crates::{Module, modules};
use crate::root;
use proc_macro2::{TokenStream, TokenTree};
use std::collections::BTreeMap;
use syn::visit::{self, Visit};

/// Names that are defined more than once, and why.
const DEFINED_TWICE: [(&str, &str); 1] =
    [("Function", "a row of the report, in the public API; in the macros the item that Rust calls so")];

/// Definition of a type.
struct Definition {
    conditions: Vec<Condition>,
    place: String,
}

/// The definitions in one module.
struct Reader<'r> {
    module: &'r Module,
    place: String,
    definitions: &'r mut BTreeMap<String, Vec<Definition>>,
}

impl Reader<'_> {
    fn add(&mut self, name: &syn::Ident, attributes: &[syn::Attribute]) {
        let conditions = [self.module.conditions.as_slice(), &Condition::of(attributes)].concat();
        if possible(&conditions) {
            let definition = Definition { conditions, place: self.place.clone() };
            self.definitions.entry(name.to_string()).or_default().push(definition);
        }
    }

    /// Definitions in the tokens of a macro, such as the rows of a report.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut keyword = false;
        for token in tokens {
            match token {
                TokenTree::Ident(name) if keyword => {
                    self.add(&name, &[]);
                    keyword = false;
                }
                TokenTree::Ident(word) => {
                    keyword = ["struct", "enum", "trait", "union"].iter().any(|other| word == other);
                }
                TokenTree::Group(group) => {
                    keyword = false;
                    self.tokens(group.stream());
                }
                _ => keyword = false,
            }
        }
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    // Child modules have readers of their own.
    fn visit_item_mod(&mut self, _: &'ast syn::ItemMod) {}

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.add(&item.ident, &item.attrs);
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        self.add(&item.ident, &item.attrs);
    }

    fn visit_item_union(&mut self, item: &'ast syn::ItemUnion) {
        self.add(&item.ident, &item.attrs);
    }

    fn visit_item_type(&mut self, item: &'ast syn::ItemType) {
        self.add(&item.ident, &item.attrs);
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.add(&item.ident, &item.attrs);
        visit::visit_item_trait(self, item);
    }

    fn visit_item_macro(&mut self, item: &'ast syn::ItemMacro) {
        self.tokens(item.mac.tokens.clone());
    }
}

/// All definitions in the library crates, by name.
fn definitions() -> BTreeMap<String, Vec<Definition>> {
    let root = root();
    let mut definitions = BTreeMap::new();
    for source in ["memprof/src", "memprof-macros/src"] {
        for module in modules(&root.join(source)) {
            let file = module.file.strip_prefix(&root).expect("the file is in the project");
            let place = format!("{} ({})", module.path.join("::"), file.display());
            let mut reader = Reader { module: &module, place, definitions: &mut definitions };
            for item in &module.items {
                reader.visit_item(item);
            }
        }
    }
    definitions
}

/// True if some build has two of the definitions.
fn is_double(definitions: &[Definition]) -> bool {
    definitions.iter().enumerate().any(|(index, one)| {
        definitions[..index].iter().any(|other| possible(one.conditions.iter().chain(&other.conditions)))
    })
}

#[test]
fn a_type_name_is_defined_once() {
    let definitions = definitions();
    assert!(definitions.len() > 150, "too few types were found: {}", definitions.len());
    let double: Vec<&String> =
        definitions.iter().filter(|(_, places)| is_double(places)).map(|(name, _)| name).collect();
    let listed = |name: &str| DEFINED_TWICE.iter().any(|(other, _)| *other == name);
    let unlisted: Vec<String> = double
        .iter()
        .filter(|name| !listed(name))
        .map(|name| {
            let places: Vec<&str> = definitions[*name].iter().map(|definition| definition.place.as_str()).collect();
            format!("{name}: {}", places.join(", "))
        })
        .collect();
    println!("count: {} type names are defined twice, beside {} that are listed", unlisted.len(), DEFINED_TWICE.len());
    assert!(unlisted.is_empty(), "{}", unlisted.join("\n"));
    for (name, reason) in DEFINED_TWICE {
        assert!(double.iter().any(|other| *other == name), "{name} is defined once ({reason})");
    }
}
