//! Names of the stacks of a report that has addresses alone, from the program that wrote it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use addr2line::{Loader, demangle_auto};
use memprof::Report;
use memprof::report::data::Frame;
use object::Object;

/// Names the stacks of a report that was written at a limit of the memory. `program` is the executable, if it is not
/// where it was when the report was written.
pub(crate) fn add(report: &mut Report, program: Option<&Path>) {
    if !report.lacks_names() {
        return;
    }
    let mut modules = Modules { program, build: report.program.build.clone(), read: HashMap::new() };
    report.name_stacks(&mut |frame| modules.names(frame));
    let mut reasons: Vec<String> =
        modules.read.into_values().filter_map(|read| read.map(drop).err()).flatten().collect();
    reasons.sort();
    for reason in reasons {
        anstream::eprintln!("memprof: {reason}");
    }
}

/// The modules of a report, each read once.
struct Modules<'p> {
    program: Option<&'p Path>,
    /// Build id of the program.
    build: Option<String>,
    /// By path and build id. `Err`: the reason why there are no names, if it is one to tell.
    read: HashMap<(String, Option<String>), Result<Loader, Option<String>>>,
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
        let read = self.read.entry((path.to_owned(), build.clone()));
        let loader = read.or_insert_with(|| load(&file, build.as_deref(), is_program));
        // The address of the call, not of its return, which can be the next line or another function.
        match (loader, frame.address.checked_sub(1)) {
            (Ok(loader), Some(call)) => functions(loader, call),
            _ => Vec::new(),
        }
    }
}

/// The debug information of a file, if it is of the build that the report names.
fn load(file: &Path, build: Option<&str>, is_program: bool) -> Result<Loader, Option<String>> {
    let shown = file.display();
    let told = |reason: String| is_program.then(|| format!("{reason}; its functions are shown as addresses"));
    let way_out = "name the program of the report with --program";
    let bytes = fs::read(file).map_err(|error| told(format!("cannot read {shown}: {error}: {way_out}")))?;
    let found = build_id(&bytes);
    if build.is_none() || found.as_deref() != build {
        let build = build.unwrap_or("unknown");
        return Err(told(format!("{shown} is another build than that of the report ({build}): {way_out}")));
    }
    drop(bytes);
    Loader::new(file).map_err(|error| told(format!("cannot read the symbols of {shown}: {error}")))
}

/// The identity that the linker gave to a build, in hexadecimal.
fn build_id(file: &[u8]) -> Option<String> {
    let file = object::File::parse(file).ok()?;
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
