// Reports of the running program, one each second.

/** Time between the beginnings of two requests, milliseconds. The server makes one report a second. */
const PERIOD = 1050;
/** Time after a report that was known. */
const AGAIN = 250;
/** Longest wait for an answer, and between two tries. */
const PATIENCE = 15000;
const LONGEST_PAUSE = 5000;

/**
 * Asks for reports while the page is visible. A program whose reports take long is asked less often: at most a quarter
 * of the time.
 * @param {string} address
 * @param {(report: Report, begun: number) => boolean} onReport Takes the time of the request, too; returns false for a
 * report that was known
 * @param {(state: FeedState) => void} onState
 */
function feed(address, onReport, onState) {
	let isPaused = false;
	let isAsking = false;
	let failures = 0;
	/** @type {number | undefined} */
	let timer;

	async function ask() {
		clearTimeout(timer);
		if (isAsking || isPaused || document.hidden) return;
		isAsking = true;
		const begun = performance.now();
		const answer = await reportFrom(address);
		isAsking = false;
		if (isPaused) return;
		const took = performance.now() - begun;
		let problem = "";
		let isNew = true;
		if (typeof answer === "string") problem = answer;
		else {
			try {
				isNew = onReport(answer, begun);
			} catch (error) {
				problem = `The answer is not a report that this page can show: ${String(error).slice(0, 200)}`;
			}
		}
		failures = problem ? failures + 1 : 0;
		if (problem) timer = setTimeout(ask, Math.min(LONGEST_PAUSE, PERIOD * failures));
		else timer = setTimeout(ask, Math.max(isNew ? PERIOD - took : AGAIN, 3 * took));
		onState(problem ? { kind: "lost", text: problem } : { kind: "live", text: "" });
	}

	document.addEventListener("visibilitychange", ask);
	ask();
	return {
		isPaused: () => isPaused,
		pause() {
			isPaused = !isPaused;
			clearTimeout(timer);
			if (isPaused) onState({ kind: "paused", text: "" });
			else {
				onState({ kind: "waiting", text: "" });
				ask();
			}
		},
	};
}

/**
 * The report, or a sentence that says why there is none.
 * @param {string} address
 * @returns {Promise<Report | string>}
 */
async function reportFrom(address) {
	try {
		const answer = await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
		const text = await answer.text();
		if (!answer.ok) return refusal(answer.status, text);
		const report = JSON.parse(text);
		return report?.program && report.totals ? report : "The answer is not a report of memprof.";
	} catch (error) {
		return error instanceof SyntaxError
			? "The answer is not a report of memprof."
			: "The program has ended or does not answer. Trying again; the figures are the last ones.";
	}
}

/**
 * @param {number} status
 * @param {string} text
 */
function refusal(status, text) {
	const line = visible(text.slice(0, 200).split("\n")[0]);
	if (status === 401) return "The program asks for its token: open this page once with ?token=TOKEN in its address.";
	if (status === 503) return `The program has no figures now: ${line}. Trying again.`;
	return `The answer has status ${status}: ${line}. Trying again.`;
}
