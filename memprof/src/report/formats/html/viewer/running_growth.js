// What grows now, and the labels of the work of a running program.

/** Rows that each of both shows. */
const MOST_ROWS = 12;

/** @param {() => Running | null} running */
function runningGrowth(running) {
	const rows = steadyTable("What grows now", "functions");
	const none = el("p", { class: "quiet" });
	const more = el("p", { class: "quiet" });

	function update() {
		const now = running();
		if (!now) return;
		const { report } = now;
		const growing = growingOf(report);
		rows.element.hidden = growing.length === 0;
		none.hidden = growing.length > 0;
		none.textContent =
			report.live.estimated_bytes === null
				? "Live blocks are not recorded (track_allocations = false): growth is not known."
				: `Nothing grows.${notJudged(report)}`;
		more.textContent = growing.length > MOST_ROWS ? `${count(growing.length - MOST_ROWS)} more are in the report.` : "";
		const most = growing[0]?.rate ?? 0;
		rows.update(
			"growing",
			() => [
				heading("function", true),
				heading("grows by"),
				heading("live"),
				heading("blocks"),
				heading("oldest"),
				heading("place", true),
			],
			growing.slice(0, MOST_ROWS).map(({ key, name, rate, size, blocks, oldest, at }) => ({
				key,
				name: () => (name === OUTSIDE ? name : selectButton(name)),
				cells: [
					{ text: byteRate(rate), part: most > 0 ? rate / most : 0 },
					{ text: bytes(size) },
					{ text: count(blocks) },
					{ text: duration(oldest) },
					{ text: visible(at), isText: true },
				],
				isChosen: name === state.fn,
				choose: () => {
					if (name !== OUTSIDE && !String(getSelection())) go({ fn: name });
				},
			})),
		);
	}

	onChange((changed) => {
		if (changed.has("fn")) update();
	});
	return { element: section("growing", "Grows now", none, rows.element, more), update };
}

/**
 * Growing groups by function and place, the fastest first. Without one: the function whose net rises.
 * @param {Report} report
 */
function growingOf(report) {
	/** @type {Map<string, {key: string, name: string, rate: number, size: number, blocks: number | null, oldest: number | null, at: string}>} */
	const found = new Map();
	for (const group of report.live.groups) {
		if (group.verdict !== "growing" || group.expected) continue;
		const name = group.path.at(-1) ?? OUTSIDE;
		const at = group.file ? `${group.file}:${group.line}` : "";
		const key = `${name}\n${at}`;
		const row = found.get(key) ?? { key, name, rate: 0, size: 0, blocks: 0, oldest: 0, at };
		row.rate += group.bytes_per_second;
		row.size += groupBytes(group);
		row.blocks = (row.blocks ?? 0) + group.count;
		row.oldest = Math.max(row.oldest ?? 0, group.oldest_seconds);
		found.set(key, row);
	}
	const rise = report.live.net_rise;
	for (const { kind, function: name, file, line, bytes: size } of report.findings ?? []) {
		if (kind !== "growing" || !name || [...found.values()].some((row) => row.name === name)) continue;
		const rate = rise?.function === name ? (rise.function_bytes ?? rise.bytes) / rise.seconds : 0;
		found.set(name, { key: name, name, rate, size, blocks: null, oldest: null, at: file ? `${file}:${line}` : "" });
	}
	return [...found.values()].sort((one, other) => other.rate - one.rate);
}

/** @param {() => Running | null} running */
function runningLabels(running) {
	const rows = steadyTable("Labels, with their rates", "");
	const more = el("p", { class: "quiet" });

	function update() {
		const now = running();
		if (!now) return;
		const seconds = now.before ? now.now.seconds - now.before.seconds : 0;
		const labels = [...now.now.labels].map(([key, figures]) => {
			const added = now.before && addedTo(now.before.labels.get(key), figures);
			return { key, figures, rate: perSecond(added?.bytes ?? null, seconds) };
		});
		labels.sort(
			(one, other) =>
				(other.figures.retained ?? 0) - (one.figures.retained ?? 0) || (other.rate ?? 0) - (one.rate ?? 0),
		);
		element.hidden = labels.length === 0;
		more.textContent = labels.length > MOST_ROWS ? `${count(labels.length - MOST_ROWS)} more are in the report.` : "";
		rows.update(
			"labels",
			() => [
				heading("label", true),
				heading("allocating"),
				heading("retained"),
				heading("allocated"),
				heading("calls"),
			],
			labels.slice(0, MOST_ROWS).map(({ key, figures, rate }) => ({
				key,
				name: () => bdi(key.replace("\n", " = ")),
				cells: [
					{ text: byteRate(rate) },
					{ text: estimate(figures.retained, figures.error) },
					{ text: bytes(figures.bytes) },
					{ text: count(figures.calls) },
				],
			})),
		);
	}

	const element = el("div", { id: "labels", hidden: true }, el("h3", { text: "Labels" }), rows.element, more);
	return { element, update };
}
