//! Lines: of coverage, and of debug information.

#[cfg(target_os = "linux")]
use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::compiler::{compile, is_known, rustc, samples};

/// Regions that are counted, by file, line and column.
fn regions(tracked: bool) -> BTreeSet<String> {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("output.mir");
    let arguments = ["-Cinstrument-coverage", "--emit=mir", "-o", output.to_str().unwrap()];
    let result = compile(rustc(), &samples().join("lines.txt"), tracked, &arguments);
    assert!(result.status.success(), "{}", String::from_utf8_lossy(&result.stderr));
    let code = std::fs::read_to_string(output).unwrap();
    code.lines()
        .filter_map(|line| line.trim().strip_prefix("coverage Code")?.split_once("=> "))
        .map(|(_, region)| region.to_owned())
        .collect()
}

#[test]
fn the_same_lines_have_coverage() {
    let (plain, tracked) = (regions(false), regions(true));
    assert!(plain.len() > 50, "{plain:?}");
    if is_known() {
        assert_eq!(plain, tracked);
    }
    // Of an empty region at a brace older compilers make one of the brace: the lines are the same.
    let lines = |regions: &BTreeSet<String>| -> BTreeSet<String> {
        let without_columns = |place: &str| place.rsplit_once(':').map_or(place, |(line, _)| line).to_owned();
        regions.iter().flat_map(|region| region.split(": ").map(without_columns)).collect()
    };
    assert_eq!(lines(&plain), lines(&tracked));
}

/// Of each function: its line, and the lines of its instructions.
#[cfg(target_os = "linux")]
fn lines(tracked: bool) -> BTreeMap<String, (u64, BTreeSet<u64>)> {
    use gimli::{AttributeValue, EndianSlice, LittleEndian};
    use object::{Object, ObjectSection, ObjectSymbol};

    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("output");
    let arguments = ["-Cdebuginfo=2", "-Ccodegen-units=1", "-Csplit-debuginfo=off", "-o", output.to_str().unwrap()];
    let result = compile(rustc(), &samples().join("lines.txt"), tracked, &arguments);
    assert!(result.status.success(), "{}", String::from_utf8_lossy(&result.stderr));
    let bytes = std::fs::read(output).unwrap();
    let file = object::File::parse(&*bytes).unwrap();
    // By address: names and sizes.
    let functions: BTreeMap<u64, (String, u64)> = file
        .symbols()
        .filter_map(|symbol| {
            let name = rustc_demangle::demangle(symbol.name().ok()?).to_string();
            let name = name.rsplit_once("::h").map_or(name.clone(), |(name, _)| name.to_owned());
            name.starts_with("lines::").then(|| (symbol.address(), (name, symbol.size())))
        })
        .collect();
    let section = |id: gimli::SectionId| {
        let data = file.section_by_name(id.name()).and_then(|section| section.data().ok()).unwrap_or_default();
        Ok::<_, gimli::Error>(EndianSlice::new(data, LittleEndian))
    };
    let dwarf = gimli::Dwarf::load(section).unwrap();
    let mut found = BTreeMap::new();
    let mut units = dwarf.units();
    while let Some(header) = units.next().unwrap() {
        let unit = dwarf.unit(header).unwrap();
        if !unit.name.is_some_and(|name| name.to_string_lossy().contains("lines.txt")) {
            continue;
        }
        let mut rows: Vec<(u64, u64)> = Vec::new();
        if let Some(program) = unit.line_program.clone() {
            let mut all = program.rows();
            while let Some((header, row)) = all.next_row().unwrap() {
                let file = row.file(header).map(|file| dwarf.attr_string(&unit, file.path_name()).unwrap());
                let here = file.is_some_and(|file| file.to_string_lossy().ends_with("lines.txt"));
                if here
                    && let Some(line) = row.line()
                    && !row.end_sequence()
                {
                    rows.push((row.address(), line.get()));
                }
            }
        }
        let mut entries = unit.entries();
        while let Some(entry) = entries.next_dfs().unwrap() {
            let Some(AttributeValue::Addr(address)) = entry.attr_value(gimli::DW_AT_low_pc) else { continue };
            let Some((name, size)) = functions.get(&address) else { continue };
            // A method is declared in its type.
            let declared = match entry.attr_value(gimli::DW_AT_specification) {
                Some(AttributeValue::UnitRef(at)) => unit.entry(at).unwrap(),
                _ => entry.clone(),
            };
            let line = declared.attr_value(gimli::DW_AT_decl_line).and_then(|value| value.udata_value()).unwrap_or(0);
            let inside = rows.iter().filter(|(at, _)| (address..address + size).contains(at)).map(|(_, line)| *line);
            found.insert(name.clone(), (line, inside.collect()));
        }
    }
    found
}

#[test]
#[cfg(target_os = "linux")]
fn debuggers_stop_where_they_do_without_the_attribute() {
    let (plain, tracked) = (lines(false), lines(true));
    assert!(plain.len() > 7, "{plain:?}");
    for (name, (line, inside)) in &plain {
        let (its_line, its_inside) = tracked.get(name).unwrap_or_else(|| panic!("no {name} in {tracked:?}"));
        assert_eq!(line, its_line, "{name}");
        assert!(its_inside.is_superset(inside), "{name}: {inside:?}, tracked {its_inside:?}");
        // A parameter is moved in its own line.
        let (first, last) = (*line, inside.last().copied().unwrap_or(*line));
        assert!(its_inside.iter().all(|at| (first..=last).contains(at)), "{name}: {inside:?}, tracked {its_inside:?}");
    }
}
