// Groups of live blocks: verdict, place and the whole stack.

const GROUPS = 12;
const FRAMES = 64;

/** @type {Record<string, string>} */
const VERDICTS = {
	growing: "more and more blocks that are not freed, or a block that keeps getting larger",
	"kept since start": "allocated in the first part of the run and still live: caches, statics, pools",
	kept: "allocated later, in a stretch that is over, or in balance",
	recent: "allocated recently: may still be freed",
	unknown: "too few samples to say",
};

/**
 * @param {Report} report
 * @returns {HTMLElement}
 */
function liveSection(report) {
	const { live } = report;
	if (live.estimated_bytes === null) {
		return section(
			"live",
			"Live memory",
			missing(
				"Live blocks were not recorded (track_allocations = false), so this report does not know which are live, nor who made them.",
			),
		);
	}
	const groups = live.groups.map((group, index) => ({ group, index }));
	const whole = Math.max(1, sum(live.groups.map(groupBytes)));
	const filter = el("input", {
		id: "livefilter",
		type: "search",
		placeholder: "text or /expression/",
		spellcheck: "false",
		autocomplete: "off",
		oninput: afterTyping(() => go({ live: filter.value, livepage: "", group: "" }, true)),
	});
	const verdicts = [...new Set(live.groups.map((group) => group.verdict ?? "unknown"))];
	const verdict = el(
		"select",
		{ id: "verdict", onchange: () => go({ verdict: verdict.value, livepage: "", group: "" }) },
		el("option", { value: "", text: "all" }),
		...verdicts.map((name) => el("option", { value: name, text: name })),
	);
	const result = el("output", { class: "quiet", for: "livefilter", "aria-live": "polite" });
	const list = el("div");

	/** @param {LiveGroup} group */
	function where(group) {
		return group.stack.find(isOwn) ?? null;
	}

	function render() {
		if (document.activeElement !== filter) filter.value = state.live;
		verdict.value = state.verdict;
		const matches = matcher(state.live);
		const kept = groups.filter(
			({ group }) =>
				(!state.verdict || (group.verdict ?? "unknown") === state.verdict) &&
				(!matches ||
					group.path.some(matches.test) ||
					matches.test(group.file ?? "") ||
					group.stack.some((frame) => matches.test(frame.function ?? "") || matches.test(frame.file ?? ""))),
		);
		result.textContent = matches?.error
			? `Not an expression: ${matches.error}`
			: `${count(kept.length)} of ${plural(groups.length, "group")}, ${bytes(sum(kept.map(({ group }) => groupBytes(group))))}`;
		let start = Math.max(0, Math.min(Number(state.livepage) || 0, Math.floor((kept.length - 1) / GROUPS) * GROUPS));
		const open = kept.findIndex(({ index }) => String(index) === state.group);
		if (open >= 0 && !state.livepage) start = Math.floor(open / GROUPS) * GROUPS;
		const focused = /** @type {HTMLElement | null} */ (document.activeElement)?.dataset?.group;
		fill(
			list,
			kept.length === 0 ? missing(groups.length === 0 ? "No recorded block is live." : "No group matches.") : null,
			...kept.slice(start, start + GROUPS).map(({ group, index }) => entry(group, index)),
			pager(kept.length, start, GROUPS, (next) => go({ livepage: String(next), group: "" }, true)),
		);
		if (focused)
			/** @type {HTMLElement | null} */ (list.querySelector(`[data-group="${CSS.escape(focused)}"]`))?.focus();
	}

	/**
	 * @param {LiveGroup} group
	 * @param {number} index
	 */
	function entry(group, index) {
		const isOpen = state.group === String(index);
		const own = where(group);
		const name = own?.function ?? group.path.at(-1) ?? OUTSIDE;
		const word = group.verdict ?? "unknown";
		return el(
			"article",
			{ class: `group ${isOpen ? "open" : ""}` },
			el(
				"div",
				{ class: "group-head" },
				el("button", {
					type: "button",
					class: "toggle",
					"data-group": index,
					"aria-expanded": isOpen ? "true" : "false",
					"aria-label": `Stack of ${visible(name).slice(0, 200)}`,
					text: isOpen ? "▾" : "▸",
					onclick: () => go({ group: isOpen ? "" : String(index) }),
				}),
				el("span", { class: `verdict verdict-${word.replace(/ .*/, "")}`, title: VERDICTS[word], text: word }),
				bar(groupSize(group), groupBytes(group) / whole),
				el("span", { class: "quiet", text: `${plural(group.count, "block")}, ${share(groupBytes(group), whole)}` }),
				el("span", { class: "where" }, group.path.length ? selectButton(name) : bdi(name)),
				place(own?.file ?? group.file, own ? own.line : group.line),
			),
			isOpen ? groupDetails(group, report) : null,
		);
	}

	onChange((changed) => {
		/** @type {(keyof State)[]} */
		const drawn = ["live", "verdict", "livepage", "group"];
		if (drawn.some((key) => changed.has(key))) render();
	});
	render();
	const rise = live.net_rise;
	return section(
		"live",
		"Live memory",
		el("p", {
			class: "quiet",
			text: `${estimate(live.estimated_bytes, live.error_bytes)} in ${plural(live.estimated_count ?? 0, "block")} since the profile started${live.before_start_bytes ? `, and ${bytes(live.before_start_bytes)} from before` : ""}. ${live.exact ? "Exact." : `An estimate: one allocation in about ${bytes(live.sample_interval_bytes)} has a record.`}`,
		}),
		rise
			? el(
					"p",
					{ class: "note" },
					`The net of the whole process rose steadily by ${bytes(rise.bytes)} in ${duration(rise.seconds)}`,
					rise.function ? ", most of it in " : "",
					rise.function ? bdi(rise.function) : "",
					".",
				)
			: null,
		live.not_tracked
			? missing(`${plural(live.not_tracked, "live block")} did not fit into the table of records and are in no group.`)
			: null,
		groups.length && live.groups.every((group) => group.stack.length === 0)
			? missing(
					"The groups have no stacks: backtraces = false, or none could be captured. They are told apart by tracked function alone.",
				)
			: null,
		el("div", { class: "tools" }, field("Filter", filter), field("Verdict", verdict), result),
		list,
	);
}

/** @param {LiveGroup} group */
function groupSize(group) {
	return groupBytes(group) < group.bytes
		? `at most ${bytes(groupBytes(group))}`
		: estimate(group.bytes, group.error_bytes);
}

/**
 * @param {LiveGroup} group
 * @param {Report} report
 */
function groupDetails(group, report) {
	const word = group.verdict ?? "unknown";
	const frames = group.stack.slice(0, FRAMES);
	return el(
		"div",
		{ class: "group-body" },
		facts([
			["verdict", `${word}${group.growth ? ` (${group.growth})` : ""}: ${VERDICTS[word] ?? ""}`],
			["path", group.path.length ? bdi(group.path.join(" → ")) : OUTSIDE],
			["size", `${exactBytes(group.bytes)}; largest block ${bytes(group.largest_bytes)}`],
			["age", `oldest ${duration(group.oldest_seconds)}, newest ${duration(group.newest_seconds)}`],
			[
				"rate",
				`${bytes(group.bytes_per_second)}/s${group.bytes_per_call === null ? "" : `, ${bytes(group.bytes_per_call)} per call`}`,
			],
			...(group.at_most_bytes === null
				? []
				: [/** @type {[string, Child]} */ (["at most", bytes(group.at_most_bytes)])]),
			...(group.expected ? [/** @type {[string, Child]} */ (["expected", bdi(group.expected)])] : []),
		]),
		frames.length === 0
			? missing(
					Number(report.overhead.stacks_not_captured) > 0
						? "No stack could be captured for these blocks."
						: "This group has no stack.",
				)
			: el(
					"ol",
					{ class: "stack" },
					...frames.map((frame) =>
						el(
							"li",
							{ class: isOwn(frame) ? "own" : null },
							visible(frameName(frame)),
							place(frame.file, frame.line) ??
								(frame.function && frame.module ? ` (${visible(moduleName(frame))})` : null),
						),
					),
				),
		group.stack.length > FRAMES
			? el("p", { class: "quiet", text: `${count(group.stack.length - FRAMES)} outer frames are in the JSON report.` })
			: null,
	);
}
