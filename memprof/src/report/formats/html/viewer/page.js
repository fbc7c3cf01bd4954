// The page: its sections, the bar on top, and the bar of the chosen function.

/**
 * @param {Report} report
 */
function showReport(report) {
	document.title = `${visible(report.program.name || "program")}: memory report`;
	state = readHash();
	const sections = [
		overview(report),
		timelineSection(report),
		flameSection(report),
		functionSection(report),
		liveSection(report),
		peakSection(report),
		labelSection(report),
		threadSection(report),
		systemSection(report),
		settingsSection(report),
		warningSection(report),
	];
	const main = el("main", { id: "main" }, ...sections);
	document.body.append(
		el("a", { class: "skip", href: "#", onclick: skipTo, text: "Skip to the report" }),
		topBar(report, sections),
		main,
		chosenBar(report),
		helpDialog(),
		el("div", { id: "tip", hidden: true }),
		el("div", { id: "status", role: "status" }),
	);
	onKeys(report);
	onChange((changed) => {
		if (changed.has("at")) scrollToSection("auto");
	});
	if (state.at) requestAnimationFrame(() => scrollToSection("instant"));
}

/** @param {Event} event */
function skipTo(event) {
	event.preventDefault();
	const main = document.getElementById("main");
	main?.setAttribute("tabindex", "-1");
	main?.focus();
}

/** @param {ScrollBehavior} behavior */
function scrollToSection(behavior) {
	const wanted = document.getElementById(state.at || "overview");
	if (wanted?.tagName === "SECTION") wanted.scrollIntoView({ behavior });
}

/**
 * @param {Report} report
 * @param {HTMLElement[]} sections
 */
function topBar(report, sections) {
	const links = sections.slice(1).map((section) => {
		const title = section.querySelector("h2")?.textContent ?? "";
		const number = section.id === "warnings" && report.warnings.length ? ` ${report.warnings.length}` : "";
		return el("button", {
			type: "button",
			class: "tab",
			text: title + number,
			onclick: () => {
				if (state.at === section.id) scrollToSection("auto");
				else go({ at: section.id });
			},
		});
	});
	return el(
		"header",
		{ class: "bar-top" },
		el(
			"button",
			{ type: "button", class: "tab brand", onclick: () => (state.at ? go({ at: "" }) : scrollTo(0, 0)) },
			bdi(report.program.name || "program"),
		),
		el("nav", { "aria-label": "Sections" }, ...links),
		el("button", {
			type: "button",
			class: "icon",
			title: "Light or dark (t)",
			"aria-label": "Light or dark",
			text: "◐",
			onclick: switchTheme,
		}),
		el("button", {
			type: "button",
			class: "icon",
			title: "Help (?)",
			"aria-label": "Help",
			text: "?",
			onclick: () => /** @type {HTMLDialogElement} */ (document.getElementById("help")).showModal(),
		}),
	);
}

/** The function that was chosen in the graph or a table, and what can be done with it. */
/** @param {Report} report */
function chosenBar(report) {
	const rows = new Map(report.functions.map((row) => [nameOf(row.name).plain, row]));
	const holder = el("aside", { id: "chosen", class: "chosen-bar", "aria-label": "Chosen function", hidden: true });
	function render() {
		holder.hidden = !state.fn;
		if (!state.fn) return fill(holder);
		const row = rows.get(nameOf(state.fn).plain);
		const distribution = row?.per_call;
		return fill(
			holder,
			el("strong", null, bdi(state.fn)),
			row ? place(row.file, row.line) : null,
			row ? el("span", { text: `${bytes(row.allocated_bytes)} in ${plural(row.calls, "call")}` }) : null,
			row
				? el("span", {
						text:
							row.retained_bytes === null
								? "retained: not known"
								: `${estimate(row.retained_bytes, row.retained_error_bytes)} retained`,
					})
				: null,
			distribution
				? el("span", {
						class: "quiet per-call",
						text: `per call ${bytes(distribution.min)} – ${bytes(distribution.p50)} – ${bytes(distribution.max)}`,
						title: "Bytes allocated per call: smallest, median, largest",
					})
				: null,
			el("span", { class: "spring" }),
			state.pivot
				? el("button", { type: "button", text: "Whole graph", onclick: () => go({ pivot: "", at: "flame" }) })
				: el("button", {
						type: "button",
						text: "Callers and callees",
						onclick: () => go({ pivot: state.fn, at: "flame" }),
					}),
			el("button", { type: "button", text: "In the tree", onclick: () => showFunction(state.fn) }),
			row
				? el("button", {
						type: "button",
						text: "In the table",
						onclick: () => go({ page: "", filter: "", at: "functions" }),
					})
				: null,
			el("button", {
				type: "button",
				class: "icon",
				"aria-label": "Give up the choice",
				text: "✕",
				onclick: () => go({ fn: "" }),
			}),
		);
	}
	onChange((changed) => {
		if (changed.has("fn") || changed.has("pivot")) render();
	});
	render();
	return holder;
}

{
	const data = document.getElementById("report");
	try {
		showReport(unpack(JSON.parse(data?.textContent ?? "")));
	} catch (error) {
		document.body.append(el("p", { class: "missing", text: `The report in this page cannot be shown: ${error}` }));
		throw error;
	}
}
