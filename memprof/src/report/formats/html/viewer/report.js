// The page of a report: its sections.

/**
 * @param {Report} report
 */
function showReport(report) {
	state = readHash();
	const sections = [
		overview(report),
		timelineSection(report),
		flameSection(reportGraph(report)),
		functionSection(report),
		liveSection(report),
		peakSection(report),
		labelSection(report),
		threadSection(report),
		systemSection(report),
		settingsSection(report),
		warningSection(report),
	];
	showPage({
		title: `${visible(report.program.name || "program")}: memory report`,
		name: report.program.name || "program",
		sections,
		numbers: { warnings: report.warnings.length },
		chosen: chosenBar(report.functions, chosenFigures),
		help: [
			"Each box of the call tree is a function on one path; its width is its figure and that of all beneath it. The top box is the whole program. Tracked functions are exact; live memory also has the frames of the stacks that allocated it. Recursion is folded into the call that it is already in.",
			"Colours are crates, shades only tell neighbours apart. Click a box to zoom; choose a function in the tree or in the table, and it is marked in both.",
		],
		keys: KEYS,
		actions: graphActions(),
	});
}

/**
 * Figures of the chosen function.
 * @param {FunctionRow} row
 * @returns {Child[]}
 */
function chosenFigures(row) {
	const distribution = row.per_call;
	return [
		el("span", { text: `${bytes(row.allocated_bytes)} in ${plural(row.calls, "call")}` }),
		el("span", {
			text:
				row.retained_bytes === null
					? "retained: not known"
					: `${estimate(row.retained_bytes, row.retained_error_bytes)} retained`,
		}),
		distribution
			? el("span", {
					class: "quiet per-call",
					text: `per call ${bytes(distribution.min)} – ${bytes(distribution.p50)} – ${bytes(distribution.max)}`,
					title: "Bytes allocated per call: smallest, median, largest",
				})
			: null,
	];
}

start(showReport);
