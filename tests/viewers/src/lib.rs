//! Reports for the viewers.

use std::path::Path;

use memprof::Report;

/// The report in `tests/golden`, and the same one with names that could be taken for something else.
pub fn reports() -> [(&'static str, Report); 2] {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../golden/memory_allocations.json");
    let golden = Report::from_json(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut hostile = golden.clone();
    let names =
        ["</script><b>", "a;b 7", "\"\\", "line\nend\u{1b}[31m", "größe 数据 🦀", "<[u8; 32] as T<{ 1 }>>::f", ""];
    let mut names = names.iter().cycle();
    let mut next = || names.next().copied().unwrap_or_default().to_owned();
    hostile.call_tree.iter_mut().for_each(|row| row.function = next());
    for group in &mut hostile.live.groups {
        group.path = group.path.iter().map(|_| next()).collect();
        group
            .stack
            .iter_mut()
            .for_each(|frame| (frame.function, frame.file) = (Some(next().into()), Some(next().into())));
    }
    [("golden", golden), ("hostile", hostile)]
}
