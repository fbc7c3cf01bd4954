// Rules for the viewer. Its files share one scope, as parts of one script: names are checked by tsc.
export default [
	{
		files: ["**/*.js"],
		languageOptions: { ecmaVersion: 2023, sourceType: "script" },
		linterOptions: { reportUnusedDisableDirectives: "error" },
		rules: {
			"array-callback-return": "error",
			"consistent-return": "off",
			eqeqeq: "error",
			"no-alert": "error",
			"no-const-assign": "error",
			"no-constant-condition": ["error", { checkLoops: false }],
			"no-control-regex": "error",
			"no-dupe-keys": "error",
			"no-eval": "error",
			"no-fallthrough": "error",
			"no-implied-eval": "error",
			"no-self-compare": "error",
			"no-shadow": ["error", { builtinGlobals: false, hoist: "never" }],
			"no-unreachable": "error",
			"no-unused-vars": ["error", { vars: "local", varsIgnorePattern: "^_", caughtErrors: "all" }],
			"no-restricted-properties": [
				"error",
				{ property: "innerHTML", message: "Texts of a report are text nodes." },
				{ property: "outerHTML", message: "Texts of a report are text nodes." },
				{ property: "insertAdjacentHTML", message: "Texts of a report are text nodes." },
				{ object: "document", property: "write", message: "Texts of a report are text nodes." },
			],
			"no-var": "error",
			"prefer-const": "error",
		},
	},
];
