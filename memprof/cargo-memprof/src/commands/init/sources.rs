//! Contents of the sources of a package: its main functions, and a global allocator.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::{Package, TargetKind};
use syn::{Attribute, Item, ItemFn, ItemStatic};

use super::{folder, has};

/// Files that are looked at.
const MOST: usize = 5_000;

/// Things that matter to memprof.
#[derive(Debug, Default)]
pub(super) struct Found {
    mains: Vec<MainFunction>,
    pub(super) allocator: Option<GlobalAllocator>,
}

#[derive(Debug)]
struct MainFunction {
    file: PathBuf,
    line: usize,
    /// The line as it is written.
    text: String,
    has_memprof: bool,
    has_tokio: bool,
}

/// A static with `#[global_allocator]`.
#[derive(Debug)]
pub(super) struct GlobalAllocator {
    file: PathBuf,
    line: usize,
    name: String,
    /// Its type as it is written.
    kind: String,
    pub(super) is_memprofs: bool,
}

impl Found {
    pub(super) fn in_package(package: &Package) -> Self {
        let mut found = Self::default();
        for target in package.targets.iter().filter(|target| target.kind.contains(&TargetKind::Bin)) {
            let path = target.src_path.as_std_path();
            if let Some(main) = parsed(path).and_then(|(text, file)| main_function(path, &text, &file)) {
                found.mains.push(main);
            }
        }
        let mut files = Vec::new();
        rust_files(&folder(package).join("src"), &mut files);
        found.allocator = files.iter().find_map(|path| global_allocator(path, &parsed(path)?.1.items));
        found
    }

    /// True if a main function has the attribute.
    pub(super) fn has_main(&self) -> bool {
        self.mains.iter().any(|main| main.has_memprof)
    }

    /// The lines that the user writes.
    pub(super) fn advice(&self, package: &Package) -> String {
        let mut text = String::new();
        for main in self.mains.iter().filter(|main| !main.has_memprof) {
            let arguments = self.allocator.as_ref().map_or_else(String::new, GlobalAllocator::argument);
            let place = format!("{}:{}", shown(&main.file), main.line);
            let around = if main.has_tokio { " (above or below #[tokio::main])" } else { "" };
            _ = writeln!(text, "\n{place}{around}\n    + #[memprof::main{arguments}]\n      {}", main.text);
        }
        if let Some(allocator) = self.allocator.as_ref().filter(|allocator| !allocator.is_memprofs) {
            text.push_str(&allocator.advice());
        }
        if self.mains.is_empty() && has(package, &TargetKind::Lib) {
            text.push_str(
                "\nThis is a library: the program that uses it puts #[memprof::main] on its main function. If it should \
                 cost nothing elsewhere, write\n    memprof = { version = \"…\", default-features = false }\nfor then \
                 the attributes do nothing, unless the program activates memprof itself.\n",
            );
        }
        text.push_str("\nOn the functions that you want to see\n    + #[memprof::track_memory]\n      fn …\n");
        if has(package, &TargetKind::Lib) && self.allocator.is_none() {
            text.push_str(
                "\nFor `cargo memprof test`, in the library's main file\n    + #[cfg(test)]\n    + #[global_allocator]\n    \
                 + static ALLOC: memprof::AllocationTracker = memprof::AllocationTracker::system();\n",
            );
        }
        let then = if self.mains.is_empty() { "test" } else { "run" };
        _ = writeln!(text, "\nThen: cargo memprof {then}");
        text
    }
}

impl GlobalAllocator {
    /// The argument of the attribute that keeps this allocator.
    fn argument(&self) -> String {
        match self {
            _ if self.is_memprofs => "(allocator = none)".into(),
            _ if self.is_jemalloc() => "(allocator = jemalloc)".into(),
            _ => format!("(allocator = crate::{})", self.path()),
        }
    }

    fn is_jemalloc(&self) -> bool {
        self.kind.to_lowercase().contains("jemalloc")
    }

    /// Its path within the crate, as far as the file tells it.
    fn path(&self) -> String {
        let stem = self.file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        if matches!(stem, "main" | "lib" | "mod") { self.name.clone() } else { format!("{stem}::{}", self.name) }
    }

    fn advice(&self) -> String {
        let place = format!("{}:{}", shown(&self.file), self.line);
        let then = if self.is_jemalloc() {
            "remove this static; memprof brings jemalloc with its feature: `cargo add memprof --features jemalloc`"
        } else {
            "remove the attribute and keep the static: memprof's allocator forwards to it"
        };
        format!(
            "\n{place}\n    - #[global_allocator]\n      static {}: {}\n  There is one global allocator in a program: {then}\n",
            self.name, self.kind
        )
    }
}

fn parsed(path: &Path) -> Option<(String, syn::File)> {
    let text = fs::read_to_string(path).ok()?;
    let file = syn::parse_file(&text).ok()?;
    Some((text, file))
}

fn main_function(path: &Path, text: &str, file: &syn::File) -> Option<MainFunction> {
    let main = file.items.iter().find_map(|item| match item {
        Item::Fn(function) if function.sig.ident == "main" => Some(function),
        _ => None,
    })?;
    let line = line_of(main);
    Some(MainFunction {
        file: path.to_owned(),
        line,
        text: text.lines().nth(line.saturating_sub(1)).unwrap_or_default().trim().to_owned(),
        has_memprof: has_attribute(&main.attrs, &["memprof", "main"]),
        has_tokio: has_attribute(&main.attrs, &["tokio", "main"]),
    })
}

/// The line of `fn main`, below its attributes.
fn line_of(function: &ItemFn) -> usize {
    let signature = &function.sig;
    signature.asyncness.as_ref().map_or(signature.fn_token.span, |token| token.span).start().line
}

fn has_attribute(attributes: &[Attribute], path: &[&str]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().segments.iter().map(|segment| segment.ident.to_string()).eq(path.iter().copied())
    })
}

fn global_allocator(path: &Path, items: &[Item]) -> Option<GlobalAllocator> {
    items.iter().find_map(|item| match item {
        Item::Static(item) if has_attribute(&item.attrs, &["global_allocator"]) => Some(described(path, item)),
        Item::Mod(module) => global_allocator(path, &module.content.as_ref()?.1),
        _ => None,
    })
}

fn described(path: &Path, item: &ItemStatic) -> GlobalAllocator {
    let kind = match &*item.ty {
        syn::Type::Path(kind) => {
            kind.path.segments.iter().map(|segment| segment.ident.to_string()).collect::<Vec<_>>().join("::")
        }
        _ => "…".to_owned(),
    };
    GlobalAllocator {
        file: path.to_owned(),
        line: item.static_token.span.start().line,
        name: item.ident.to_string(),
        is_memprofs: kind.ends_with("AllocationTracker"),
        kind,
    }
}

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(folder).into_iter().flatten().flatten().collect();
    entries.sort_by_key(fs::DirEntry::path);
    for entry in entries {
        let path = entry.path();
        // A link could lead back here.
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => rust_files(&path, files),
            Ok(kind) if kind.is_file() && path.extension().is_some_and(|end| end == "rs") && files.len() < MOST => {
                files.push(path);
            }
            _ => {}
        }
    }
}

/// A path as it is shown: from the working directory on, if it is beneath that.
fn shown(path: &Path) -> String {
    let working = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(working).unwrap_or(path).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> syn::File {
        syn::parse_file(text).expect("Rust")
    }

    #[test]
    fn main_is_found_below_its_attributes() {
        let text = "use a::b;\n#[tokio::main]\n#[allow(x)]\npub async fn main() -> R {\n}\n";
        let main = main_function(Path::new("src/main.rs"), text, &file(text)).expect("a main function");
        assert_eq!((main.line, main.text.as_str()), (4, "pub async fn main() -> R {"));
        assert!(main.has_tokio && !main.has_memprof);
        let text = "#[memprof::main(allocator = jemalloc)]\nfn main() {}";
        assert!(main_function(Path::new("src/main.rs"), text, &file(text)).expect("a main function").has_memprof);
    }

    #[test]
    fn an_allocator_keeps_its_place() {
        let found =
            |path: &str, text: &str| global_allocator(Path::new(path), &file(text).items).expect("an allocator");
        let text = "mod memory {\n #[global_allocator]\n static A: mimalloc::MiMalloc = mimalloc::MiMalloc;\n}";
        let mimalloc = found("src/alloc.rs", text);
        assert_eq!((mimalloc.line, mimalloc.argument()), (3, "(allocator = crate::alloc::A)".to_owned()));
        let jemalloc = found("src/main.rs", "#[global_allocator]\nstatic G: tikv_jemallocator::Jemalloc = Jemalloc;");
        assert_eq!(jemalloc.argument(), "(allocator = jemalloc)");
        assert!(jemalloc.advice().contains("--features jemalloc"));
        let own =
            found("src/main.rs", "#[global_allocator]\nstatic G: AllocationTracker = AllocationTracker::system();");
        assert!(own.is_memprofs);
    }
}
