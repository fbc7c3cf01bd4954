/** Types of the viewer, for `tsc`. Not a part of the page. */

type Column = string | Column[] | Record<string, Column[]>;

interface Frame {
	function: string | null;
	file: string | null;
	line: number | null;
	address: number;
	module: string | null;
}

interface LiveGroup {
	path: string[];
	file: string | null;
	line: number | null;
	bytes: number;
	count: number;
	error_bytes: number;
	at_most_bytes: number | null;
	largest_bytes: number;
	oldest_seconds: number;
	newest_seconds: number;
	bytes_per_second: number;
	calls: number | null;
	bytes_per_call: number | null;
	verdict: string | null;
	growth: string | null;
	expected: string | null;
	stack: Frame[];
}

interface Distribution {
	min: number;
	p50: number | null;
	p95: number | null;
	p99: number | null;
	max: number;
}

interface FunctionRow {
	name: string;
	file: string;
	line: number;
	calls: number;
	allocated_bytes: number;
	allocated_count: number;
	self_allocated_bytes: number;
	self_allocated_count: number;
	copied_bytes?: number;
	peak_bytes: number | null;
	retained_bytes: number | null;
	retained_error_bytes: number | null;
	per_call: Distribution | null;
	peak_per_call: Distribution | null;
	[column: string]: unknown;
}

interface CallTreeRow {
	id: number;
	parent: number | null;
	function: string;
	calls: number;
	self_allocated_bytes: number;
	self_allocated_count: number;
	copied_bytes?: number;
}

interface Finding {
	kind: string;
	title: string;
	detail: string;
	advice: string;
	function: string | null;
	file: string | null;
	line: number | null;
	bytes: number;
	share: number | null;
	exact: boolean;
}

interface TimelinePoint {
	seconds: number;
	net_bytes: number;
	allocated_bytes: number;
	rss_bytes: number | null;
	mapped_bytes?: number | null;
	allocator_held_bytes: number | null;
	/** Bytes allocated in a second, on the page of a running program. */
	rate?: number | null;
}

type LineKey = "net_bytes" | "rss_bytes" | "allocator_held_bytes" | "mapped_bytes" | "rate";

/** A figure that a chart draws, its name and its class. */
type Line = [LineKey, string, string];

/** Class, name and text of a figure at the cursor. */
type ChartValue = [string, string, string];

/** A horizontal line. */
interface Level {
	size: number;
	/** Time at which its text stands. */
	seconds: number;
	text: string;
}

interface Chart {
	title: string;
	lines: Line[];
	points: () => TimelinePoint[];
	marks: () => { seconds: number; name: string }[];
	levels: (hidden: Set<LineKey>) => Level[];
	/** Follows each size, such as `/s`. */
	unit?: string;
	/** Readings are joined over so many seconds at least. */
	gap?: number;
	hidden?: Set<LineKey>;
	/** Further figures at the cursor. */
	more?: (index: number) => ChartValue[];
}

interface Peak {
	seconds: number;
	net_bytes: number;
	process_peak_bytes: number;
	exact: boolean;
	functions: {
		name: string;
		retained_bytes: number | null;
		retained_error_bytes: number | null;
		net_bytes: number;
		active: number;
	}[];
	unattributed_bytes: number | null;
	groups: LiveGroup[];
	in_flight: { thread: string; path: string[] }[];
}

interface Report {
	schema_version: number;
	program: {
		name: string;
		pid: number;
		run?: string;
		final?: boolean;
		host?: string | null;
		version?: string | null;
		args: string[];
		started_at: string;
		duration_seconds: number;
	};
	merged?: { reports: number } | null;
	allocator: {
		installed: boolean;
		inner: string;
		in_use_bytes?: number | null;
		held_bytes?: number | null;
		held_source?: string | null;
	};
	findings?: Finding[];
	totals: {
		allocated_bytes: number;
		allocated_count: number;
		deallocated_bytes: number;
		deallocated_count: number;
		net_bytes: number;
		net_count: number;
		peak_bytes: number;
		peak_error_bytes: number;
		reallocated_count: number;
		grown_bytes: number;
		copied_bytes?: number;
	};
	functions: FunctionRow[];
	unattributed: {
		self_allocated_bytes: number;
		self_allocated_count: number;
		copied_bytes?: number;
		retained_bytes: number | null;
		retained_error_bytes: number | null;
		[column: string]: unknown;
	};
	labels?: {
		key: string;
		value: string;
		calls: number;
		allocated_bytes: number;
		deallocated_bytes: number;
		net_bytes: number;
		retained_bytes: number | null;
		retained_error_bytes: number | null;
	}[];
	call_tree: CallTreeRow[];
	threads: {
		name: string;
		threads_served: number;
		self_allocated_bytes: number;
		self_allocated_count: number;
		self_deallocated_bytes: number;
		self_deallocated_count: number;
		self_net_bytes: number;
	}[];
	live: {
		exact: boolean;
		sample_interval_bytes: number;
		sampled_because: string | null;
		tracked: number | null;
		not_tracked: number | null;
		estimated_bytes: number | null;
		estimated_count: number | null;
		error_bytes: number | null;
		before_start_bytes: number;
		before_start_count: number;
		net_rise: {
			bytes: number;
			seconds: number;
			ended_seconds: number | null;
			function: string | null;
			function_bytes?: number | null;
		} | null;
		groups: LiveGroup[];
	};
	jemalloc: Record<string, number> | null;
	os: {
		rss_bytes: number | null;
		peak_rss_bytes: number | null;
		anonymous_bytes?: number | null;
		file_bytes?: number | null;
		shared_bytes?: number | null;
		stack_bytes?: number | null;
		limit_bytes?: number | null;
		limit_source?: string | null;
	};
	timeline?: {
		interval_seconds: number;
		points: TimelinePoint[];
		marks: { seconds: number; name: string }[];
	} | null;
	peak?: Peak | null;
	settings?: Record<string, unknown> | null;
	overhead: {
		profiler_bytes: number;
		reporting: { allocated_bytes: number; allocated_count: number; peak_bytes: number };
		[counter: string]: unknown;
	};
	warnings: string[];
}

/** Names of the measures that a flame graph can show. */
type MetricName = "peak" | "allocated" | "live" | "blocks" | "copied";

interface Metric {
	name: string;
	title: string;
	/** Sentence about the widths. */
	about: string;
	bytes: boolean;
	/** Reason why the report has no such figures; empty if it has. */
	missing: string;
	/** Sentence for a total of 0. */
	nothing: string;
	total: number;
}

/** A call path, or a frame beneath one. */
interface TreeNode {
	id: number;
	/** Nodes with the same key merge. */
	key: number;
	name: string;
	kind: "root" | "function" | "frame" | "rest";
	file: string | null;
	line: number | null;
	calls: number | null;
	parent: TreeNode | null;
	/** True for frames of std and of runtimes. */
	runtime: boolean;
	children: TreeNode[];
	own: Record<MetricName, number>;
	/** Own, and that of all beneath. */
	total: Record<MetricName, number>;
}

/** What the tree needs to know of a frame. */
interface KnownFrame {
	name: string;
	plain: string;
	runtime: boolean;
	file: string | null;
	line: number | null;
	key: number;
}

/** Nodes that are shown as one, with the nodes beneath it. */
interface Entry {
	nodes: TreeNode[];
	total: number;
	own: number;
	children: TreeNode[];
}

/** A node of the tree that is shown: one or several nodes of the tree that merge into one. */
interface ShownNode {
	name: string;
	kind: TreeNode["kind"];
	file: string | null;
	line: number | null;
	calls: number | null;
	/** The smallest id of its nodes: its name in the address. */
	id: number;
	parent: ShownNode | null;
	children: ShownNode[];
	total: number;
	own: number;
	/** In a comparison: figures of both runs, of the node and all beneath it. */
	change?: Change;
}

/** Figures of two runs. */
interface Change {
	before: number;
	after: number;
	/** Part of the change that more or fewer calls explain; `null` if that is not known. */
	byCalls: number | null;
	presence: string;
}

interface ShownTree {
	root: ShownNode;
	byId: ShownNode[];
}

/** What a graph shows. */
interface GraphSource {
	title: string;
	/** In the order of their choice. */
	metrics: Metric[];
	/** True if the tree has frames of runtimes. */
	frames: boolean;
	shown(metric: string, frames: string): ShownTree;
	tip(node: ShownNode, root: ShownNode, metric: Metric): Child[];
	legend(root: ShownNode, metric: Metric): Child[];
	notes(metric: Metric): Child[];
	/** Draws more on a box than its name. */
	paint(metric: Metric): ((element: HTMLElement, box: Box, pixels: number) => void) | null;
}

/** A box of the graph; several narrow ones share one. */
interface Box {
	node: ShownNode;
	/** Range of `node.children` that the box stands for; `null`: the node itself. */
	range: [number, number] | null;
	depth: number;
	/** Left edge and width, from 0 to 1. */
	left: number;
	width: number;
}

interface State {
	metric: string;
	zoom: string;
	pivot: string;
	q: string;
	direction: string;
	frames: string;
	fn: string;
	sort: string;
	filter: string;
	columns: string;
	page: string;
	verdict: string;
	live: string;
	livepage: string;
	group: string;
	at: string;
	show: string;
}

/** A figure of both runs. */
interface Difference {
	old: number | null;
	new: number | null;
	change: number | null;
	error: number | null;
	is_significant: boolean;
}

interface SplitChange {
	old: number;
	new: number;
	change: number;
	from_calls: number;
	from_each_call: number;
}

interface PathChange {
	id: number;
	parent: number | null;
	function: string;
	presence: string;
	calls: Difference;
	self_allocated_bytes: SplitChange;
	self_allocated_count: SplitChange;
	copied_bytes: SplitChange;
	self_net_bytes: Difference;
}

interface FunctionChange {
	name: string;
	file: string;
	line: number;
	presence: string;
	calls: Difference;
	allocated_bytes: SplitChange;
	self_allocated_bytes: SplitChange;
	self_allocated_count: SplitChange;
	copied_bytes: SplitChange;
	self_net_bytes: Difference;
	peak_bytes: Difference;
	retained_bytes: Difference;
}

interface ComparedRun {
	name: string;
	run: string;
	host: string | null;
	started_at: string;
	duration_seconds: number;
	allocator: string;
	exact: boolean;
}

interface Diff {
	old: ComparedRun;
	new: ComparedRun;
	remarks: string[];
	totals: Record<
		| "allocated_bytes"
		| "allocated_count"
		| "deallocated_bytes"
		| "net_bytes"
		| "net_count"
		| "peak_bytes"
		| "reallocated_count"
		| "copied_bytes"
		| "rss_bytes",
		Difference
	>;
	unattributed: PathChange;
	functions: FunctionChange[];
	paths: PathChange[];
	new_findings: Finding[];
	gone_findings: Finding[];
}

/** Figures of a function, or of the whole program, up to a moment. */
interface Figures {
	/** Allocated by its own code. */
	bytes: number;
	/** Allocated, including callees. */
	all: number | null;
	calls: number | null;
	retained: number | null;
	/** Standard error of the retained bytes. */
	error: number | null;
}

interface RunningFunction extends Figures {
	key: string;
	name: string;
	file: string;
	line: number;
}

/** What is kept of a report of a running program. */
interface Reading {
	run: string;
	/** Time since the start of the program. */
	seconds: number;
	net: number;
	rss: number | null;
	blocks: number;
	total: Figures;
	outside: Figures;
	functions: Map<string, RunningFunction>;
	labels: Map<string, Figures>;
}

/** What the page of a running program knows. */
interface Running {
	/** The last report. */
	report: Report;
	/** Its reading. */
	now: Reading;
	/** The reading from which rates are measured; `null`: no rate is known. */
	before: Reading | null;
	/** The reading from which differences are measured. */
	mark: Reading | null;
	points: TimelinePoint[];
}

interface SteadyCell {
	text: string;
	/** Share of the bar behind it. */
	part?: number;
	hint?: string | null;
	/** True for text, which is aligned to the left. */
	isText?: boolean;
}

interface SteadyRow {
	key: string;
	name: () => Child;
	cells: SteadyCell[];
	isChosen?: boolean;
	choose?: () => void;
}

/** Connection to the running program. */
interface FeedState {
	kind: "waiting" | "live" | "paused" | "lost";
	/** Sentence about it; empty: there is nothing to say. */
	text: string;
}
