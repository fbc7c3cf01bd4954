//! Names of the stacks of a report that has addresses alone, from the program that wrote it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use addr2line::{Loader, demangle_auto};
use memprof::Report;
use memprof::report::data::Frame;
use object::{Object, ReadCache};

/// Names the stacks of a report that was written at a limit of the memory. `program` is the executable, if it is not
/// where it was when the report was written.
pub(crate) fn add(report: &mut Report, program: Option<&Path>) {
    for reason in named(report, program) {
        anstream::eprintln!("memprof: {reason}");
    }
}

/// The same. Returns the reasons why functions of the program have no names.
fn named(report: &mut Report, program: Option<&Path>) -> Vec<String> {
    if !report.lacks_names() {
        return Vec::new();
    }
    let build = report.program.build.clone();
    let has_build = build.is_some();
    let mut modules = Modules { program, build, read: HashMap::new() };
    report.name_stacks(&mut |frame| modules.names(frame));
    let mut reasons: Vec<String> = modules.read.into_values().filter_map(Module::reason).collect();
    if !has_build && report.lacks_names() {
        let reason = "the program was linked without a build id (-Wl,--build-id), so it cannot be recognized";
        reasons.push(format!("{reason}{AS_ADDRESSES}"));
    }
    reasons.sort();
    reasons
}

const AS_ADDRESSES: &str = "; its functions are shown as addresses";
const WAY_OUT: &str = "name the program of the report with --program";

/// The modules of a report, each read once.
struct Modules<'p> {
    program: Option<&'p Path>,
    /// Build id of the program.
    build: Option<String>,
    /// By path and build id.
    read: HashMap<(String, Option<String>), Module>,
}

struct Module {
    /// `Err`: the reason why there are no names.
    read: Result<Loader, String>,
    file: PathBuf,
    is_program: bool,
    has_names: bool,
}

impl Module {
    /// The reason why there are no names, if it is one to tell.
    fn reason(self) -> Option<String> {
        let reason = match self.read {
            Err(reason) => reason,
            Ok(_) if self.has_names => return None,
            Ok(_) => format!("{} has no symbols: {WAY_OUT}, as it was before it was stripped", shown(&self.file)),
        };
        self.is_program.then(|| format!("{reason}{AS_ADDRESSES}"))
    }
}

impl Modules<'_> {
    /// Functions at a frame's address, innermost first.
    fn names(&mut self, frame: &Frame) -> Vec<Frame> {
        let Some(path) = frame.module_path() else { return Vec::new() };
        let build = frame.module_build().map(str::to_owned);
        let is_program = build.is_some() && build == self.build;
        let file = match self.program {
            Some(program) if is_program => program.to_owned(),
            _ => PathBuf::from(path),
        };
        let module = self.read.entry((path.to_owned(), build)).or_insert_with_key(|(_, build)| Module {
            read: load(&file, build.as_deref()),
            file,
            is_program,
            has_names: false,
        });
        // The address of the call, not of its return, which can be the next line or another function.
        let names = match (&module.read, frame.address.checked_sub(1)) {
            (Ok(loader), Some(call)) => functions(loader, call),
            _ => Vec::new(),
        };
        module.has_names |= !names.is_empty();
        names
    }
}

/// The debug information of a file, if it is of the build that the report names.
fn load(file: &Path, build: Option<&str>) -> Result<Loader, String> {
    let build = build.ok_or("the module has no build id")?;
    let shown = shown(file);
    let kind = fs::metadata(file).map_err(|error| format!("cannot read {shown}: {error}: {WAY_OUT}"))?;
    // A report can name any path, as that of a pipe or a device, which has no end.
    if !kind.is_file() {
        return Err(format!("cannot read {shown}: it is not a file: {WAY_OUT}"));
    }
    let opened = File::open(file).map_err(|error| format!("cannot read {shown}: {error}: {WAY_OUT}"))?;
    match build_id(opened) {
        Some(found) if found == build => {}
        Some(_) => return Err(format!("{shown} is another build than that of the report ({build}): {WAY_OUT}")),
        None => return Err(format!("{shown} has no build id, and that of the report is {build}: {WAY_OUT}")),
    }
    Loader::new(file).map_err(|error| format!("cannot read the symbols of {shown}: {error}"))
}

/// A path as it is shown: a report can name one with control characters.
fn shown(path: &Path) -> String {
    let text = path.display().to_string();
    if text.contains(char::is_control) { text.escape_debug().to_string() } else { text }
}

/// The identity that the linker gave to a build, in hexadecimal.
fn build_id(file: File) -> Option<String> {
    let parts = ReadCache::new(file);
    let file = object::File::parse(&parts).ok()?;
    let of_elf = file.build_id().ok().flatten().map(<[u8]>::to_vec);
    let id = of_elf.or_else(|| file.mach_uuid().ok().flatten().map(Vec::from))?;
    Some(id.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn functions(loader: &Loader, call: u64) -> Vec<Frame> {
    let mut functions = Vec::new();
    if let Ok(mut found) = loader.find_frames(call) {
        while let Ok(Some(frame)) = found.next() {
            let mut function = Frame::default();
            function.function = frame.function.and_then(|name| Some(name.demangle().ok()?.into_owned().into()));
            if let Some(location) = frame.location {
                function.file = location.file.map(Into::into);
                function.line = location.line;
            }
            functions.push(function);
        }
    }
    // Symbols name code without debug information. With line tables alone names have no paths, but the symbol of the
    // function that was not inlined has.
    let has_path = |frame: &Frame| frame.function.as_ref().is_some_and(|name| name.contains("::"));
    if !functions.last().is_some_and(has_path)
        && let Some(symbol) = loader.find_symbol(call)
    {
        let mut last = functions.pop().unwrap_or_default();
        last.function = Some(demangle_auto(Cow::Borrowed(symbol), None).into_owned().into());
        functions.push(last);
    }
    functions
}

#[cfg(all(test, target_os = "linux"))]
mod tests;
