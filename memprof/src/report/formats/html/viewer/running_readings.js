// Readings of a running program, and the rates between two of them.

/** Time over which rates are measured. */
const RATE_SECONDS = 5;
/** Most readings that are kept for rates. */
const MOST_READINGS = 10;
/** Time that the charts show. */
const CHART_SECONDS = 300;
/** Most points of a chart that come from the report, and in all. */
const OLD_POINTS = 150;
const MOST_POINTS = 500;

/**
 * The figures of a report that are kept. The report itself is large.
 * @param {Report} report
 * @returns {Reading}
 */
function readingOf(report) {
	const { program, totals, unattributed, functions, labels, os } = report;
	return {
		run: String(program.run || program.pid),
		seconds: program.duration_seconds,
		net: totals.net_bytes,
		rss: os.rss_bytes,
		blocks: totals.allocated_count,
		total: { bytes: totals.allocated_bytes, all: null, calls: null, retained: null, error: null },
		outside: {
			bytes: unattributed.self_allocated_bytes,
			all: null,
			calls: null,
			retained: unattributed.retained_bytes,
			error: unattributed.retained_error_bytes,
		},
		functions: new Map(
			functions.map((row) => {
				const { name, file, line, calls, retained_bytes: retained, retained_error_bytes: error } = row;
				const key = `${name}\n${file}:${line}`;
				const figures = { bytes: row.self_allocated_bytes, all: row.allocated_bytes, calls, retained, error };
				return [key, { key, name, file, line, ...figures }];
			}),
		),
		labels: new Map(
			(labels ?? []).map((row) => [
				`${row.key}\n${row.value}`,
				{
					bytes: row.allocated_bytes,
					all: null,
					calls: row.calls,
					retained: row.retained_bytes,
					error: row.retained_error_bytes,
				},
			]),
		),
	};
}

/**
 * What was added to figures. A row that the earlier reading lacks began at 0.
 * @param {Figures | undefined} before
 * @param {Figures} now
 * @returns {Figures}
 */
function addedTo(before, now) {
	if (!before) return now;
	const added = (/** @type {number | null} */ from, /** @type {number | null} */ to) =>
		from === null || to === null ? null : to - from;
	return {
		bytes: now.bytes - before.bytes,
		all: added(before.all, now.all),
		calls: added(before.calls, now.calls),
		retained: added(before.retained, now.retained),
		// As of independent estimates.
		error: Math.hypot(before.error ?? 0, now.error ?? 0),
	};
}

/**
 * What was added to a function; `null` if that is not known.
 * @param {Reading} before
 * @param {RunningFunction} row
 * @returns {Figures | null}
 */
function addedToFunction({ functions }, row) {
	const same = functions.get(row.key);
	if (same) return addedTo(same, row);
	// The name gets that of a trait once another function has the same one.
	const isIt = (/** @type {RunningFunction} */ { name, file, line }) =>
		line === row.line && file === row.file && withoutTrait(name) === withoutTrait(row.name);
	const before = [...functions.values()].filter(isIt);
	return before.length > 1 ? null : addedTo(before[0], row);
}

/**
 * `Type::method` for `<Type as Trait>::method`.
 * @param {string} name
 */
function withoutTrait(name) {
	const parts = /^<(.+?) as .+>(::.*)$/s.exec(name);
	return parts ? parts[1] + parts[2] : name;
}

/**
 * Adds a reading to those from which rates are measured.
 * @param {Reading[]} readings
 * @param {Reading} reading
 */
function keepReading(readings, reading) {
	const last = readings.at(-1);
	// A rate over a pause would say nothing of now.
	if (last && reading.seconds - last.seconds > 2 * RATE_SECONDS) readings.length = 0;
	readings.push(reading);
	while (
		readings.length > 2 &&
		(reading.seconds - readings[1].seconds >= RATE_SECONDS || readings.length > MOST_READINGS)
	)
		readings.shift();
}

/**
 * The points of the last minutes, from the report's own timeline.
 * @param {Report} report
 */
function oldPoints(report) {
	const since = report.program.duration_seconds - CHART_SECONDS;
	const all = (report.timeline?.points ?? []).filter((point) => point.seconds >= since);
	const step = Math.ceil(all.length / OLD_POINTS);
	/** @type {TimelinePoint[]} */
	const points = [];
	for (const { seconds, net_bytes, allocated_bytes, rss_bytes } of all.filter((_, index) => index % step === 0))
		addPoint(points, { seconds, net_bytes, allocated_bytes, rss_bytes, allocator_held_bytes: null });
	return points;
}

/**
 * Adds a point with its rate, and removes those that are too old.
 * @param {TimelinePoint[]} points
 * @param {TimelinePoint} point
 */
function addPoint(points, point) {
	// Two moments close to each other have no rate worth showing.
	const from = points.findLast(({ seconds }) => seconds <= point.seconds - 0.9);
	const rate = from && (point.allocated_bytes - from.allocated_bytes) / (point.seconds - from.seconds);
	if (point.seconds > (points.at(-1)?.seconds ?? -1)) points.push({ ...point, rate: rate ?? null });
	while (points[0].seconds < point.seconds - CHART_SECONDS || points.length > MOST_POINTS) points.shift();
}

/**
 * @param {number | null} amount
 * @param {number} seconds
 */
function perSecond(amount, seconds) {
	return amount === null || seconds <= 0 ? null : amount / seconds;
}

/** @param {number | null} rate */
function byteRate(rate) {
	return rate === null ? UNKNOWN : `${bytes(Math.round(rate))}/s`;
}

/** @param {number | null} rate */
function countRate(rate) {
	return rate === null ? UNKNOWN : `${decimal(rate, rate > 0 && rate < 10 ? 1 : 0)}/s`;
}
