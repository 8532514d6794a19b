import type { PageWords } from './page-words.ts';

export const german: PageWords = {
  language: 'de',
  title: 'Ihre Entscheidung',
  questions: 'Haben Sie Fragen?',
  ask: (name) => `Wenden Sie sich an: ${name}.`,
  phone: 'Telefon',
  otherLanguages: 'Andere Sprachen',
  code: {
    intro:
      'Um diese Seite zu sehen, brauchen Sie den Code, den Sie mit der Entscheidung bekommen haben. Er hat 32 Zeichen.',
    label: 'Code',
    show: 'Meine Entscheidung anzeigen',
    problems: {
      PAGE_TOKEN:
        'Dieser Code stimmt nicht. Kopieren Sie ihn noch einmal aus der Nachricht mit Ihrer Entscheidung.',
      PAGE_EXPIRED: 'Dieser Code ist abgelaufen. Bitten Sie uns um einen neuen.',
      PAGE_ATTEMPTS:
        'Es wurden zu viele falsche Codes eingegeben. Warten Sie einige Minuten und versuchen Sie es dann erneut.',
    },
  },
  outcomes: {
    approved: 'Ihr Antrag wurde bewilligt.',
    denied: 'Ihr Antrag wurde nicht bewilligt.',
    'counter-offer':
      'Wir konnten nicht bewilligen, was Sie beantragt haben, können Ihnen aber etwas anderes anbieten.',
    referred: 'Über Ihren Antrag ist noch nicht entschieden. Ein Mensch wird ihn prüfen.',
    incomplete: 'Wir konnten nicht entscheiden, weil Angaben fehlen.',
    withdrawn: 'Ihr Antrag wurde zurückgezogen.',
  },
  otherOutcome: (outcome) => `Das Ergebnis lautet: ${outcome}.`,
  answered: 'Ihre Anfrage wurde beantwortet.',
  undecided: 'Es wurde nicht entschieden, weil bei uns ein Fehler aufgetreten ist.',
  offer: 'Was wir Ihnen anbieten',
  agreed: 'Was vereinbart wurde',
  mainReason: 'Der Hauptgrund',
  mainReasons: 'Die Hauptgründe',
  next: 'Was Sie tun können',
  changes: {
    title: 'Was die Antwort geändert hätte',
    looked: 'Was wir betrachtet haben',
    intros: {
      found:
        'Jede dieser Möglichkeiten hätte für sich allein genügt, alles andere so, wie Sie es angegeben haben. Es kann weitere geben.',
      none: 'Wir haben nach Änderungen gesucht, die zu einer anderen Antwort geführt hätten, und in den unten genannten Grenzen keine gefunden.',
      met: 'Das Computermodell hatte nichts gegen Ihren Antrag. Die Antwort hat andere Gründe: siehe oben.',
      rules:
        'Eine feste Regel stand Ihrem Antrag entgegen, was immer das Computermodell ergab: siehe die Gründe oben.',
      'not-scored':
        'Das Computermodell wurde nicht gefragt, deshalb gibt es nichts zu vergleichen.',
      pending: 'Wir rechnen noch. Öffnen Sie diese Seite in einer Minute noch einmal.',
      failed: 'Das konnten wir nicht berechnen. Fragen Sie uns, dann sieht es sich ein Mensch an.',
    },
    caveat: (day) =>
      `Das gilt für diese Entscheidung und das Computermodell ${day === null ? 'von diesem Tag' : `vom ${day}`}. Feste Regeln des Kreditgebers sind nicht berücksichtigt und können einer Änderung entgegenstehen. Es ist keine Zusage für einen neuen Antrag und kein Rat: Nicht jede Änderung ist gut für Sie.`,
    bounds: {
      up: 'nur mehr',
      down: 'nur weniger',
      any: 'in beide Richtungen',
      limits: (min, max) =>
        (min === null ? '' : `, von ${min}`) +
        (max === null ? '' : `${min === null ? ',' : ''} bis ${max}`),
    },
  },
  noPromise:
    'Das gilt für diese Entscheidung und die Regeln jenes Tages. Für einen neuen Antrag ist es keine Zusage.',
  wrong: 'Stimmt etwas nicht?',
  wrongText:
    'Sehen Sie sich die Angaben an, die wir verwendet haben; sie stehen am Ende dieser Seite. Wenn etwas nicht stimmt, sagen Sie es uns. Wir berichtigen es und prüfen Ihren Antrag erneut.',
  person: 'Sprechen Sie mit einem Menschen',
  automated: 'Ein Computerprogramm hat diese Entscheidung getroffen oder vorbereitet.',
  personText:
    'Sie können verlangen, dass ein Mensch sie prüft, Ihren Standpunkt darlegen und sagen, dass Sie nicht einverstanden sind. Das kostet nichts.',
  responsible: (team, role) => `Verantwortlich: ${team}, ${role}.`,
  later: 'Was danach geschah',
  followups: {
    review: 'Ein Mensch hat die Entscheidung geprüft',
    notice: 'Wir haben Ihnen eine Mitteilung geschickt',
    contest: 'Sie haben uns um eine erneute Prüfung gebeten',
    correction: 'Ihre Daten wurden berichtigt',
    incompleteDelivery: 'Die Antwort hat Sie vielleicht nicht erreicht',
    explanation: 'Eine Erklärung wurde hinzugefügt',
  },
  receipt: 'Ihr Beleg',
  written: (date) =>
    `Diese Entscheidung wurde am ${date} aufgezeichnet und unterschrieben, bevor Sie die Antwort bekamen.`,
  notYetInLog: (date) =>
    `Sie steht spätestens am ${date} im Protokoll. Wenn nicht, beweist Ihr Beleg, dass sie ausgelassen wurde.`,
  inLog: (index) =>
    `Sie steht im Protokoll, an Stelle ${index}. Eine spätere Änderung würde auffallen.`,
  anchored: (block, chain) =>
    `Der Stand des Protokolls, das sie enthält, steht in Block ${block} der Kette ${chain}`,
  testChain: 'Das ist eine Testkette: gegen den, der sie betreibt, beweist sie nichts.',
  realChain: 'wo wir ihn nicht ändern können',
  download: 'Beleg herunterladen',
  check: 'Prüfen Sie es selbst',
  checkText:
    'Jeder kann den Beleg prüfen, ohne uns zu fragen. Sie brauchen den Beleg, die Policy-Datei dieses Protokolls, die Sie von jemandem bekommen, dem Sie vertrauen, zum Beispiel von der Aufsicht, und die Werkzeuge von Showcause. Sie sind freie Software; wie man sie installiert, steht in der README des Projekts. Holen Sie sie von dort, nicht von uns. Dann genügt ein Befehl:',
  number: 'Nummer dieser Entscheidung',
  log: 'Protokoll',
  data: 'Die Angaben, die wir verwendet haben',
  showData: 'Anzeigen',
};
