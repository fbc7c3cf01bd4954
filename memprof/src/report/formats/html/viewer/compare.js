// The page of a comparison: its sections.

/**
 * @param {Diff} diff
 */
function showDiff(diff) {
	DEFAULTS.sort = "-self";
	state = readHash();
	const name = diff.new.name || diff.old.name || "program";
	setProgram(name);
	const same = isSame(diff);
	const sections = [changeOverview(diff), ...(same ? [] : [flameSection(changeGraph(diff))]), changeTable(diff)];
	showPage({
		title: `${visible(name)}: what changed`,
		name,
		sections,
		numbers: { functions: diff.functions.filter(hasChanged).length },
		chosen: chosenBar(diff.functions, changedFigures),
		help: [
			"Every change is new − old. Each box of the call tree is a function on one path of either run; it is as wide as all that changed beneath it, more and less. The coloured part is what remains when both are added up: orange for more, blue and hatched for less.",
			"The change of a function has two parts. More calls: the change if each call had allocated what it did before. More a call: the rest. Estimates have their standard error (±); a change within twice its error is faint.",
			"Click a box to zoom; choose a function in the tree or in the table, and it is marked in both.",
		],
		// The paths of a comparison have no frames of runtimes.
		keys: KEYS.filter(([key]) => key !== "s"),
		actions: graphActions(),
	});
}

/**
 * Figures of the chosen function.
 * @param {FunctionChange} row
 * @returns {Child[]}
 */
function changedFigures(row) {
	const own = row.self_allocated_bytes;
	return [
		presenceMark(row.presence),
		el("span", { text: `${signedBytes(own.change)} (${fromTo(own.old, own.new, bytes)})` }),
		own.change ? el("span", { class: "quiet", text: changeInWords(row) }) : null,
	];
}

start(showDiff);
