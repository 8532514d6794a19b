import type { PageWords } from './page-words.ts';

export const english: PageWords = {
  language: 'en',
  title: 'Your decision',
  questions: 'Questions?',
  ask: (name) => `Ask ${name}.`,
  phone: 'Phone',
  otherLanguages: 'Other languages',
  code: {
    intro: 'To see this page you need the code that came with your decision. It has 32 characters.',
    label: 'Code',
    show: 'Show my decision',
    problems: {
      PAGE_TOKEN: 'This code is not right. Copy it again from the message with your decision.',
      PAGE_EXPIRED: 'This code is too old. Ask us for a new one.',
      PAGE_ATTEMPTS: 'There were too many wrong codes. Wait some minutes and try again.',
    },
  },
  outcomes: {
    approved: 'Your application was approved.',
    denied: 'Your application was not approved.',
    'counter-offer':
      'We could not approve what you asked for, but we can offer you something else.',
    referred: 'Your application is not decided yet. A person will look at it.',
    incomplete: 'We could not decide, because some information is missing.',
    withdrawn: 'Your application was withdrawn.',
  },
  otherOutcome: (outcome) => `The result is: ${outcome}.`,
  answered: 'Your request was answered.',
  undecided: 'No decision was made, because something went wrong on our side.',
  offer: 'What we offer',
  agreed: 'What was agreed',
  mainReason: 'The main reason',
  mainReasons: 'The main reasons',
  next: 'What you can do next',
  changes: {
    title: 'What would have changed the answer',
    looked: 'What we looked at',
    intros: {
      found:
        'Each of these alone would have been enough, with everything else as you told us. There may be other ways.',
      none: 'We looked for changes that would have led to another answer, and found none within the limits below.',
      met: 'The computer model had nothing against your application. The answer has other reasons: see above.',
      rules:
        'A fixed rule stood against your application, whatever the computer model said: see the reasons above.',
      'not-scored': 'The computer model was not asked, so there is nothing to compare with.',
      pending: 'We are still working this out. Look at this page again in a minute.',
      failed: 'We could not work this out. Ask us, and a person will look at it.',
    },
    caveat: (day) =>
      `This is about this decision and the computer model of ${day ?? 'that day'}. It does not look at the lender's fixed rules, which may still stand against a change. It is not a promise for a new application, and not advice: not every change is good for you.`,
    bounds: {
      up: 'only more',
      down: 'only less',
      any: 'more, or less',
      limits: (min, max) =>
        (min === null ? '' : `, from ${min}`) +
        (max === null ? '' : `${min === null ? ', up' : ''} to ${max}`),
    },
  },
  noPromise:
    'This is about this decision and the rules of that day. It is not a promise for a new application.',
  wrong: 'Is something wrong?',
  wrongText:
    'Look at the information that we used, at the end of this page. If something is not right, tell us. We will correct it and look at your application again.',
  person: 'Ask a person',
  automated: 'A computer program made or prepared this decision.',
  personText:
    'You can ask for a person to look at it, tell us your own view, and say that you do not agree. It costs nothing.',
  responsible: (team, role) => `Responsible: ${team}, ${role}.`,
  later: 'What happened later',
  followups: {
    review: 'A person reviewed the decision',
    notice: 'We sent you a notice',
    contest: 'You asked us to look at it again',
    correction: 'Your data was corrected',
    incompleteDelivery: 'The answer may not have reached you',
    explanation: 'An explanation was added',
  },
  receipt: 'Your receipt',
  written: (date) =>
    `This decision was written down and signed on ${date}, before you got the answer.`,
  notYetInLog: (date) =>
    `It will be in the log by ${date}. If it is not, your receipt proves that it was left out.`,
  inLog: (index) => `It is in the log, at index ${index}. A later change to it would show.`,
  anchored: (block, chain) =>
    `The state of the log that contains it stands in block ${block} of chain ${chain}`,
  testChain: 'That is a test chain: it proves nothing against whoever runs it.',
  realChain: 'where we cannot change it',
  download: 'Download the receipt',
  check: 'Check it yourself',
  checkText:
    'Anybody can check the receipt, without asking us. You need the receipt, the policy file of this log, which you get from somebody you trust, for instance the supervisor, and the Showcause tools. They are free software; the README of that project says how to install them. Take them from there, not from us. Then one command does the rest:',
  number: 'Number of this decision',
  log: 'Log',
  data: 'The information that we used',
  showData: 'Show it',
};
