// Live groups that grow, or that may.

/**
 * Bytes of a group: the estimate, or its exact upper bound if that is less.
 * @param {LiveGroup} group
 */
function groupBytes({ bytes: size, at_most_bytes }) {
	return Math.min(size, at_most_bytes ?? size);
}

/**
 * A sentence about live memory that can be growing all the same.
 * @param {Report} report
 */
function notJudged({ live }) {
	if (live.estimated_bytes === null) return " Live blocks were not recorded, so growth is not known.";
	const open = live.groups.filter(({ verdict }) => verdict === null || verdict === "recent" || verdict === "unknown");
	if (open.length === 0) return "";
	return ` ${plural(open.length, "live group")} (${bytes(sum(open.map(groupBytes)))}) cannot be judged: too recent, or too few samples.`;
}
