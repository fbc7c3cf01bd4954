// The page: its sections, the bar on top, and the bar of the chosen function.

/**
 * Fills the page.
 * @param {{title: string, name: string, sections: HTMLElement[], numbers: Record<string, number>, chosen: HTMLElement, help: string[], keys: [string, string][], actions: Record<string, () => void>}} page
 */
function showPage({ title, name, sections, numbers, chosen, help, keys, actions }) {
	document.title = title;
	document.body.append(
		el("a", { class: "skip", href: "#", onclick: skipTo, text: "Skip to the report" }),
		topBar(name, sections, numbers),
		el("main", { id: "main" }, ...sections),
		chosen,
		helpDialog(help, keys),
		el("div", { id: "tip", hidden: true }),
		el("div", { id: "status", role: "status" }),
	);
	onKeys(actions);
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
 * @param {string} name
 * @param {HTMLElement[]} sections
 * @param {Record<string, number>} numbers Number beside the title of a section, by its id
 */
function topBar(name, sections, numbers) {
	const links = sections.slice(1).map((section) => {
		const title = section.querySelector("h2")?.textContent ?? "";
		const number = numbers[section.id] ? ` ${numbers[section.id]}` : "";
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
			bdi(name),
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

/**
 * The function that was chosen in the graph or a table, and what can be done with it.
 * @template {{name: string, file: string, line: number}} R
 * @param {R[]} functions
 * @param {(row: R) => Child[]} figures
 */
function chosenBar(functions, figures) {
	const rows = new Map(functions.map((row) => [nameOf(row.name).plain, row]));
	const holder = el("aside", { id: "chosen", class: "chosen-bar", "aria-label": "Chosen function", hidden: true });
	function render() {
		holder.hidden = !state.fn;
		if (!state.fn) return fill(holder);
		const row = rows.get(nameOf(state.fn).plain);
		return fill(
			holder,
			el("strong", null, bdi(state.fn)),
			row ? place(row.file, row.line) : null,
			...(row ? figures(row) : []),
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

/**
 * Shows the data in the page.
 * @param {(data: any) => void} show
 */
function start(show) {
	const data = document.getElementById("report");
	try {
		show(unpack(JSON.parse(data?.textContent ?? "")));
	} catch (error) {
		document.body.append(el("p", { class: "missing", text: `The report in this page cannot be shown: ${error}` }));
		throw error;
	}
}
