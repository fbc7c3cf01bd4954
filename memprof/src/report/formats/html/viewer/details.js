// The sections below the graphs: labels, threads, the peak, the system, settings and warnings.

/** @param {Report} report */
function labelSection(report) {
	const labels = report.labels ?? [];
	return section(
		"labels",
		"Labels",
		labels.length === 0
			? missing(
					"No work carried a label. ",
					el("code", { text: "memprof::labelled(key, value, || …)" }),
					" adds them up by key and value.",
				)
			: pagedTable(
					"Labels",
					[
						{ title: "key", text: true },
						{ title: "value", text: true },
						{ title: "calls" },
						{ title: "allocated" },
						{ title: "net" },
						{ title: "retained", help: "Live bytes that the work allocated, whoever frees them" },
					],
					labels,
					8,
					(row) => [
						bdi(row.key),
						bdi(row.value),
						count(row.calls),
						bytes(row.allocated_bytes),
						bytes(row.net_bytes),
						estimate(row.retained_bytes, row.retained_error_bytes),
					],
				),
	);
}

/** @param {Report} report */
function threadSection(report) {
	const most = Math.max(1, ...report.threads.map((row) => row.self_allocated_bytes));
	return section(
		"threads",
		"Threads",
		report.threads.length === 0
			? missing("No thread has allocated.")
			: pagedTable(
					"Threads",
					[
						{ title: "thread", text: true },
						{ title: "threads", help: "Threads that the row served, one after the other" },
						{ title: "allocated" },
						{ title: "blocks" },
						{ title: "net", help: "Negative if blocks of another thread were deallocated" },
					],
					report.threads,
					8,
					(row) => [
						bdi(row.name),
						count(row.threads_served),
						bar(bytes(row.self_allocated_bytes), row.self_allocated_bytes / most),
						count(row.self_allocated_count),
						bytes(row.self_net_bytes),
					],
				),
	);
}

/** @param {Report} report */
function peakSection(report) {
	const { peak, totals } = report;
	if (!peak) {
		return section(
			"peak",
			"The peak",
			missing(
				`The heap was highest at ${bytes(totals.peak_bytes)}. This report does not know who held it: no composition of the peak was taken (peak_step_percent = 0, or a short or small peak), or the report is older than this figure.`,
			),
		);
	}
	return section(
		"peak",
		"The peak",
		el("p", {
			class: "quiet",
			text: `${bytes(peak.net_bytes)} live, ${duration(peak.seconds)} after the start; the process reached ${bytes(peak.process_peak_bytes)}.${peak.exact ? "" : " An estimate from a sample."}`,
		}),
		pagedTable(
			"Functions at the peak",
			[
				{ title: "function", text: true },
				{ title: "retained" },
				{ title: "net", help: "Negative if blocks of other functions were deallocated" },
				{ title: "active", help: "Calls that were running" },
			],
			peak.functions,
			10,
			(row) => [
				selectButton(row.name),
				estimate(row.retained_bytes, row.retained_error_bytes),
				bytes(row.net_bytes),
				count(row.active),
			],
		),
		peak.unattributed_bytes === null
			? null
			: el("p", {
					class: "quiet",
					text: `${bytes(peak.unattributed_bytes)} were allocated outside tracked functions.`,
				}),
		el("h3", { text: "Calls in flight" }),
		peak.in_flight.length === 0
			? el("p", { class: "quiet", text: "No tracked call was running." })
			: pagedTable(
					"Calls in flight",
					[
						{ title: "thread", text: true },
						{ title: "path", text: true },
					],
					peak.in_flight,
					8,
					(row) => [bdi(row.thread), bdi(row.path.join(" → "))],
				),
	);
}

/** @param {Report} report */
function systemSection(report) {
	const { os, allocator, jemalloc, overhead, live } = report;
	const { reporting, profiler_bytes, ...counters } = overhead;
	return section(
		"system",
		"System and profiler",
		el(
			"div",
			{ class: "columns-2" },
			el(
				"div",
				null,
				el("h3", { text: "Operating system" }),
				facts([
					["resident (RSS)", exactBytes(os.rss_bytes)],
					["highest RSS", exactBytes(os.peak_rss_bytes)],
					["anonymous", exactBytes(os.anonymous_bytes)],
					["file-backed", exactBytes(os.file_bytes)],
					["shared", exactBytes(os.shared_bytes)],
					["thread stacks", exactBytes(os.stack_bytes)],
					[
						"limit",
						os.limit_bytes ? `${bytes(os.limit_bytes)}${os.limit_source ? ` (${os.limit_source})` : ""}` : "none known",
					],
				]),
				el("h3", { text: "Allocator" }),
				facts([
					["inner allocator", bdi(allocator.inner || "none")],
					["in use", exactBytes(allocator.in_use_bytes)],
					["held free", exactBytes(allocator.held_bytes)],
					["source", allocator.held_source ?? "not known"],
					...(jemalloc
						? Object.entries(jemalloc).map(
								([name, size]) => /** @type {[string, Child]} */ ([`jemalloc ${name}`, exactBytes(size)]),
							)
						: []),
				]),
			),
			el(
				"div",
				null,
				el("h3", { text: "Cost of the profiler" }),
				facts([
					["own memory", exactBytes(profiler_bytes)],
					[
						"reports allocated",
						`${exactBytes(reporting.allocated_bytes)}, at most ${bytes(reporting.peak_bytes)} at once`,
					],
					["live blocks with a record", live.tracked === null ? "none: not recorded" : count(live.tracked)],
					...Object.entries(counters)
						.filter(([, value]) => typeof value === "number")
						.map(([name, value]) => /** @type {[string, Child]} */ ([name.replace(/_/g, " "), count(Number(value))])),
				]),
				el("p", { class: "quiet", text: "None of this is in any figure of the program." }),
			),
		),
	);
}

/** @param {Report} report */
function settingsSection(report) {
	const { settings, program } = report;
	/** @type {[string, string][]} */
	const rows = [];
	/**
	 * @param {unknown} value
	 * @param {string} name
	 */
	function add(value, name) {
		if (value !== null && typeof value === "object" && !Array.isArray(value)) {
			for (const [key, inner] of Object.entries(value)) add(inner, name ? `${name}.${key}` : key);
		} else {
			const none = name === "dump_on_signal" && value === null ? "(the default)" : "(none)";
			rows.push([name, Array.isArray(value) ? value.join(", ") || "(none)" : String(value ?? none)]);
		}
	}
	add(settings ?? {}, "");
	return section(
		"settings",
		"Settings",
		program.args.length ? el("p", { class: "quiet" }, "Arguments: ", bdi(program.args.join(" "))) : null,
		rows.length === 0
			? missing("This report does not have the settings of the run.")
			: pagedTable(
					"Settings",
					[
						{ title: "key", text: true },
						{ title: "value", text: true },
					],
					rows,
					10,
					([name, value]) => [bdi(name), bdi(value)],
				),
	);
}

/** @param {Report} report */
function warningSection(report) {
	const shown = report.warnings.slice(0, 15);
	return section(
		"warnings",
		"Warnings",
		shown.length === 0
			? el("p", { class: "quiet", text: "None: no figure of this report is incomplete." })
			: el("ul", { class: "warnings" }, ...shown.map((warning) => el("li", null, bdi(warning)))),
		report.warnings.length > shown.length
			? el("p", {
					class: "quiet",
					text: `${count(report.warnings.length - shown.length)} more are in the JSON report.`,
				})
			: null,
	);
}
