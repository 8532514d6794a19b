/** What each code of this package means and what to do. `docs/errors.md` lists the same; a test compares the two. */
export const explainErrorCodes = {
  MODEL_FORMAT: {
    means: 'not a model file of a known format',
    fix: 'Give XGBoost JSON or UBJSON, LightGBM text, CatBoost JSON, ONNX, or the JSON of spec/model.md.',
  },
  MODEL_TRUNCATED: { means: 'model file ends too early', fix: 'Copy the file again, whole.' },
  MODEL_SYNTAX: {
    means: 'model file breaks the rules of its format',
    fix: 'Save the model again with the library that trained it.',
  },
  MODEL_LIMIT: {
    means: 'model is larger or deeper than the reader allows',
    fix: 'Check the file; raise the limits of loadModel only for files you made.',
  },
  MODEL_VERSION: {
    means: 'model comes from a library version that this reader does not know',
    fix: 'Save it again with a version that the README of this package names.',
  },
  MODEL_UNSUPPORTED: {
    means: 'model uses something that this reader refuses rather than guesses',
    fix: 'Train with one of the supported boosters and objectives.',
  },
  MODEL_MALFORMED: {
    means: 'model file lacks a field or holds one of the wrong kind',
    fix: 'Save the model again with the library that trained it.',
  },
  MODEL_TREE: {
    means: 'nodes of a tree do not form a tree',
    fix: 'Save the model again with the library that trained it.',
  },
  MODEL_FEATURE: {
    means: 'model refers to a feature that it does not have',
    fix: 'Save the model again with the library that trained it.',
  },
  MODEL_VALUE: {
    means: 'model holds a leaf, threshold or cover that is no usable number',
    fix: 'Look for infinities in the training labels and train again.',
  },
  FEATURE_COUNT: {
    means: 'row has the wrong number of features',
    fix: 'Give one value per feature, in the order of the model.',
  },
  FEATURE_MISSING: {
    means: 'row does not name a feature of the model',
    fix: 'Send null where a value is missing.',
  },
  FEATURE_UNKNOWN: {
    means: 'row names a feature that the model does not have',
    fix: 'Send the features of the model and nothing else.',
  },
  FEATURE_TYPE: {
    means: 'feature has a value of the wrong type',
    fix: 'Send the type that the model was trained with; null is a missing value.',
  },
  EXPLAIN_ROWS: {
    means: 'rows could not be read',
    fix: 'Give CSV with a header, JSON or NDJSON: objects by feature name or arrays in the order of the model.',
  },
  EXPLAIN_ARRAYS: {
    means: 'arrays to write explanations to do not fit',
    fix: 'Make them with explanationArrays(explainer, rows).',
  },
  EXPLAIN_WORKER: {
    means: 'thread that explains rows cannot be had or has ended',
    fix: 'Start 1 to 64 workers; look at the cause, then start a new pool.',
  },
  EXPLAIN_BACKGROUND: {
    means: 'background is empty, too large or no list of rows',
    fix: 'Give between one and 100,000 rows of the model.',
  },
  EXPLAIN_METHOD: {
    means: 'method does not fit the kind of model',
    fix: 'Use interventional with a background: it fits every model.',
  },
  EXPLAIN_ARGUMENT: {
    means: 'argument of the wrong kind',
    fix: 'Give what the function asks for: its types say what that is.',
  },
  EXPLAIN_OPTION: {
    means: 'option is of the wrong kind, or none that there is',
    fix: 'Leave it out for its default, or give what is wanted.',
  },
  EXPLAIN_COVERS: {
    means: 'model file does not say how many training rows each node saw',
    fix: 'Explain interventionally with a background, or count covers with withCovers(model, rows).',
  },
  EXPLAIN_ADDITIVITY: {
    means: 'attributions do not add up to the score',
    fix: 'Do not use this explanation; look for huge leaf values that cancel.',
  },
  EXPLAIN_TOO_WIDE: {
    means: 'too many features for this exact method',
    fix: 'Use treeExplainer: enumeration is for at most 15 used features, interactions for 2^24 numbers.',
  },
  EXPLAIN_OUTPUT: {
    means: 'no such output of the model',
    fix: 'Name an output between 0 and the number of outputs less one.',
  },
  GLOBAL_ROWS: {
    means: 'rows, or numbers beside them, do not fit a global explanation',
    fix: 'Give at least as many rows as is said, and one entry for each row.',
  },
  GLOBAL_TARGET: {
    means: 'known outcomes do not fit the rows, the model or the scorer',
    fix: 'Give one finite number for each row: classes counted from 0, or what the model predicts.',
  },
  GLOBAL_PROBABILITY: {
    means: 'answers are no probabilities, which the scorer counts',
    fix: "Ask for them with predictOf(model, 'probability'), or take a scorer that counts any number.",
  },
  MODEL_CARD: {
    means: 'nothing that a model card can be made from',
    fix: 'Compare the stated facts with spec/model-card.md; explain the very model file.',
  },
  GLOBAL_COHORT: {
    means: 'cohort cannot be compared',
    fix: 'Name cohorts that have rows, with other rows beside them.',
  },
  EXPLAIN_SAMPLES: {
    means: 'too few samples for this many features',
    fix: 'Ask for more samples, or put features into groups.',
  },
  EXPLAIN_IMAGE: {
    means: 'numbers are no image of the stated height, width and channels',
    fix: 'Give height × width × channels numbers, row by row, the channels of a pixel together.',
  },
  EXPLAIN_TEXT: {
    means: 'text cannot be explained',
    fix: 'Give a text with at least one word, within the stated bounds.',
  },
  PREDICT_FAILED: {
    means: 'predict function threw or rejected',
    fix: 'Look at the cause; try it with one of the background rows.',
  },
  PREDICT_SERVER: {
    means: 'server of predictions cannot be reached, refuses, or answers with no JSON',
    fix: 'Ask it for one row by hand; look at its log and at the address.',
  },
  PREDICT_TIMEOUT: {
    means: 'predict function did not answer in time',
    fix: 'Raise timeoutMs, lower batchRows, or look at what it waits for.',
  },
  PREDICT_KIND: {
    means: 'predict function answered with something that is no list of numbers',
    fix: 'Answer with one number per row, or one list of numbers per row.',
  },
  PREDICT_COUNT: {
    means: 'predict function answered for another number of rows',
    fix: 'Answer for each row, in the order of the rows.',
  },
  PREDICT_OUTPUTS: {
    means: 'predict function changed how many outputs it has, or has none or too many',
    fix: 'Answer with the same number of outputs, 1 to 1,000, for every row.',
  },
  PREDICT_VALUE: {
    means: 'predict function answered with NaN or an infinity',
    fix: 'Explain a finite output: log-odds instead of a probability of 0 or 1, say.',
  },
  COUNTERFACTUAL_OPTIONS: {
    means: 'not a list of changeable features, or not one of this model',
    fix: 'Compare it with spec/counterfactuals.md and with the features of the model.',
  },
  COUNTERFACTUAL_GOAL: {
    means: 'no outcome that could be searched for',
    fix: 'Say which number has to be below, or at least at, one threshold.',
  },
  PLOT_DATA: {
    means: 'numbers of a plot do not make one',
    fix: 'Give finite numbers, one for each feature, and at least one row and one feature.',
  },
  PLOT_OPTION: {
    means: 'option of a plot is none that it has',
    fix: 'Leave it out for its default, or give what is wanted.',
  },
  REASON_REGISTRY: {
    means: 'not a reason registry',
    fix: 'Compare it with spec/reasons.md.',
  },
  REASON_LANGUAGE: {
    means: 'registry does not speak this language',
    fix: 'Ask for one of its languages, or add a translation.',
  },
  REASON_METHOD: {
    means: 'reasons for people need interventional attributions',
    fix: 'Explain with perturbation interventional, against rows of approved applicants.',
  },
  REASON_EXPLANATION: {
    means: 'explanation is not of this row and model',
    fix: 'Explain the very row, with the very model, that the reasons are about.',
  },
  REASON_BACKGROUND: {
    means: 'background of reasons is not of approved applicants',
    fix: 'Keep the rows that the model approves, at or slightly beyond the threshold.',
  },
  REASON_UNMAPPED: {
    means: 'feature of the model has no reason',
    fix: 'Add it to a reason, or train without it.',
  },
  REASON_VAGUE: {
    means: 'reason text says nothing specific',
    fix: 'Say which fact of the applicant counted, in words they can act on.',
  },
  REASON_PROTECTED: {
    means: 'protected attribute used as a reason',
    fix: 'Take the attribute out of the model and the registry.',
  },
  REASON_RULE: {
    means: 'fired rule has no reason in the registry',
    fix: 'Add a reason with the code of the rule.',
  },
  REASON_TEXT: {
    means: 'reason text asks for a value that is not there',
    fix: 'Use {value}, {feature} or names of features of the reason; give rules their values.',
  },
} as const;

export type ExplainErrorCode = keyof typeof explainErrorCodes;

/** What was seen and wanted: names, kinds and positions; never the value of a feature. */
export interface ExplainErrorFacts {
  got: string;
  want?: string;
  /** index of the row in a batch, from 0 */
  row?: number;
  cause?: unknown;
}

/** Untrusted input was refused. Callers switch on `code`, never on `message`. */
export class ExplainError extends Error {
  override readonly name: string = 'ExplainError';
  readonly code: ExplainErrorCode;
  readonly got: string;
  readonly want: string | undefined;
  readonly fix: string;
  /** index of the row in a batch, from 0; undefined where it is not about a row of one */
  readonly row: number | undefined;

  constructor(code: ExplainErrorCode, facts: ExplainErrorFacts) {
    const { means, fix } = explainErrorCodes[code];
    const at = facts.row === undefined ? '' : ` in rows[${facts.row}]`;
    const wanted = facts.want === undefined ? '' : `, want ${facts.want}`;
    super(
      `${means}: got ${facts.got}${at}${wanted}. ${fix}`,
      facts.cause === undefined ? undefined : { cause: facts.cause },
    );
    this.code = code;
    this.got = facts.got;
    this.want = facts.want;
    this.fix = fix;
    this.row = facts.row;
  }

  /** The same refusal, about row `index` of a batch. */
  inRow(index: number): ExplainError {
    const { code, got, want } = this;
    return new ExplainError(code, {
      got,
      row: index,
      cause: this,
      ...(want === undefined ? {} : { want }),
    });
  }
}
