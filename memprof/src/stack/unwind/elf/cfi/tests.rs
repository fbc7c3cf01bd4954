//! The interpreter against the crate `gimli`, over every function of the loaded modules.

use super::super::super::rule::{Base, UnwindRule};
use super::super::eh_frame::UnwindTables;
use super::super::images::{self, Image};
use super::register;
use gimli::{
    BaseAddresses, CfaRule, CieOrFde, EhFrame, EndianSlice, Evaluation, EvaluationResult, Expression, NativeEndian,
    Register, RegisterRule, UnwindContext, UnwindSection, UnwindTableRow,
};
use std::collections::BTreeMap;
use std::ffi::CString;
use std::process::Command;

type Section = EhFrame<EndianSlice<'static, NativeEndian>>;
type Row = UnwindTableRow<usize>;

/// Rows that the interpreter has no rule for, in 100,000 rows of all modules. They end a stack.
const MOST_WITHOUT_RULE: usize = 100;

/// A row of gimli's, in our terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    Rule(UnwindRule),
    /// The outermost function, or a frame of a signal.
    End,
    /// Something that our rules cannot say.
    Unsupported(&'static str),
}

fn number(register: Register) -> u64 {
    u64::from(register.0)
}

/// A word at an offset from the frame pointer: the only expression that our rules can say.
fn offset_in_frame(expression: Expression<EndianSlice<'static, NativeEndian>>) -> Option<i64> {
    // Evaluated at two values of the frame pointer, by gimli itself: which word is read, and is it the result?
    let read_at = |frame: u64| {
        let encoding = gimli::Encoding { address_size: 8, format: gimli::Format::Dwarf32, version: 4 };
        let mut evaluation: Evaluation<_> = expression.evaluation(encoding);
        let mut result = evaluation.evaluate().ok()?;
        let mut read = None;
        loop {
            result = match result {
                EvaluationResult::RequiresRegister { register, .. } if number(register) == register::FRAME => {
                    evaluation.resume_with_register(gimli::Value::Generic(frame)).ok()?
                }
                EvaluationResult::RequiresMemory { address, size: 8, .. } if read.is_none() => {
                    read = Some(address);
                    evaluation.resume_with_memory(gimli::Value::Generic(0x1234_5678)).ok()?
                }
                EvaluationResult::Complete => break,
                _ => return None,
            };
        }
        match evaluation.result().first()?.location {
            gimli::Location::Address { address: 0x1234_5678 } => read.map(|at| at.wrapping_sub(frame) as i64),
            _ => None,
        }
    };
    let offset = read_at(0x10_0000)?;
    (read_at(0x7fff_0000_1000) == Some(offset)).then_some(offset)
}

fn expected(section: &Section, row: &Row, return_address: Register, is_signal: bool) -> Expected {
    let words = |bytes: i64| (bytes % 8 == 0).then(|| i16::try_from(bytes / 8).ok()).flatten();
    if is_signal {
        return Expected::End;
    }
    let (base, offset) = match row.cfa() {
        CfaRule::RegisterAndOffset { register, offset } if number(*register) == register::STACK => {
            (Base::Stack, *offset)
        }
        CfaRule::RegisterAndOffset { register, offset } if number(*register) == register::FRAME => {
            (Base::Frame, *offset)
        }
        CfaRule::RegisterAndOffset { .. } => return Expected::Unsupported("another base"),
        CfaRule::Expression(expression) => match offset_in_frame(expression.get(section).unwrap()) {
            Some(offset) => (Base::InFrame, offset),
            None => return Expected::Unsupported("an expression as the base"),
        },
    };
    let address = match row.register(return_address) {
        Some(RegisterRule::Offset(offset)) => words(offset),
        Some(RegisterRule::Undefined | RegisterRule::SameValue) | None => return Expected::End,
        Some(_) => return Expected::Unsupported("a rule of the return address"),
    };
    let frame = match row.register(Register(register::FRAME as u16)) {
        None | Some(RegisterRule::SameValue) => None,
        Some(RegisterRule::Offset(offset)) => match words(offset) {
            Some(words) => Some(words),
            None => return Expected::Unsupported("an odd offset"),
        },
        Some(_) => return Expected::Unsupported("a rule of the frame pointer"),
    };
    match (i32::try_from(offset), address) {
        (Ok(offset), Some(address)) => Expected::Rule(UnwindRule { base, offset, frame, address }),
        _ => Expected::Unsupported("a far or odd offset"),
    }
}

/// Marsaglia's xorshift64: repeatable.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

#[derive(Debug, Default)]
struct Counts {
    functions: usize,
    rows: usize,
    in_memory: usize,
    ends: usize,
    unsupported: BTreeMap<&'static str, usize>,
}

/// The module's `.eh_frame`, up to the entry that ends it, and its address. `index` is the address of `.eh_frame_hdr`.
fn section(index: usize) -> (Section, usize) {
    let read = |at: usize| {
        // SAFETY: the tables of a loaded module, which is never unloaded.
        unsafe { std::ptr::with_exposed_provenance::<u32>(at).read_unaligned() }
    };
    assert_eq!(read(index) >> 8 & 0xff, 0x1b, "relative to itself, in 4 bytes");
    let start = (index + 4).wrapping_add(read(index + 4) as i32 as isize as usize);
    let mut end = start;
    while read(end) != 0 {
        end += 4 + read(end) as usize;
    }
    // SAFETY: as above, up to the end that was just found; nobody writes to it.
    let bytes = unsafe { std::slice::from_raw_parts(std::ptr::with_exposed_provenance(start), end + 4 - start) };
    (EhFrame::new(bytes, NativeEndian), start)
}

/// Compares all rows of a module, at the first and the last address of each and at one between.
fn compare(image: &Image, counts: &mut Counts) {
    let Some(index) = image.index else { return };
    // SAFETY: the module is never unloaded.
    let tables = unsafe { UnwindTables::new(index, (image.low, image.high)) };
    let (section, start) = section(index);
    let bases = BaseAddresses::default().set_eh_frame(start as u64).set_eh_frame_hdr(index as u64);
    let mut context = UnwindContext::new();
    let mut dice = Dice(1);
    let mut ranges = Vec::new();
    let mut entries = section.entries(&bases);
    while let Some(entry) = entries.next().unwrap() {
        let CieOrFde::Fde(partial) = entry else { continue };
        let entry = partial.parse(EhFrame::cie_from_offset).unwrap();
        if entry.len() == 0 {
            continue;
        }
        counts.functions += 1;
        ranges.push((entry.initial_address(), entry.end_address()));
        let (return_address, is_signal) = (entry.cie().return_address_register(), entry.is_signal_trampoline());
        let mut rows = entry.rows(&section, &bases, &mut context).unwrap();
        while let Some(row) = rows.next_row().unwrap() {
            let (from, to) = (row.start_address(), row.end_address());
            let expected = expected(&section, row, return_address, is_signal);
            if from == to {
                continue;
            }
            counts.rows += 1;
            let mut rule = None;
            match expected {
                Expected::Rule(its) => {
                    counts.in_memory += usize::from(its.base == Base::InFrame);
                    rule = Some(its);
                }
                Expected::End => counts.ends += 1,
                Expected::Unsupported(why) => *counts.unsupported.entry(why).or_default() += 1,
            }
            for address in [from, to - 1, from + dice.below(to - from)] {
                // A return address is one more than an address of the call.
                let found = super::rule(&tables, address as usize + 1);
                assert_eq!(found, rule, "{:?}, {address:#x} in {from:#x}..{to:#x}: {row:?}", image.file);
            }
        }
    }
    // Between functions there is no rule.
    ranges.sort_unstable();
    for both in ranges.windows(2) {
        if both[0].1 < both[1].0 {
            let address = both[0].1 + dice.below(both[1].0 - both[0].1);
            assert_eq!(super::rule(&tables, address as usize + 1), None, "{address:#x} is in no function");
        }
    }
}

/// Loads the toolchain's standard library, if it is there: a test has it within itself otherwise.
fn load_standard_library() -> bool {
    let Ok(output) = Command::new(option_env!("RUSTC").unwrap_or("rustc")).args(["--print", "target-libdir"]).output()
    else {
        return false;
    };
    let folder = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_library = |file: &std::path::PathBuf| {
        file.extension().is_some_and(|extension| extension == "so")
            && file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("libstd-"))
    };
    let Some(file) = files.into_iter().find(is_library) else { return false };
    let name = CString::new(file.to_str().unwrap()).unwrap();
    // SAFETY: the library has no initializers but those of a second standard library, which nothing calls.
    !unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL | libc::RTLD_NODELETE) }.is_null()
}

#[test]
fn every_row_of_every_function_is_as_gimli_has_it() {
    let has_library = load_standard_library();
    let mut counts = Counts::default();
    let all = images::all();
    for image in &all {
        compare(image, &mut counts);
    }
    println!("{} modules, the standard library among them: {has_library}; {counts:?}", all.len());
    assert!(counts.functions > 2_000 && counts.rows > 10_000, "{counts:?}");
    let without_rule: usize = counts.unsupported.values().sum();
    assert!(without_rule * 100_000 <= counts.rows * MOST_WITHOUT_RULE, "{counts:?}");
}
