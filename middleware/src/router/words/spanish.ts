import type { PageWords } from './page-words.ts';

export const spanish: PageWords = {
  language: 'es',
  title: 'Su decisión',
  questions: '¿Tiene preguntas?',
  ask: (name) => `Diríjase a: ${name}.`,
  phone: 'Teléfono',
  otherLanguages: 'Otros idiomas',
  code: {
    intro:
      'Para ver esta página necesita el código que recibió con la decisión. Tiene 32 caracteres.',
    label: 'Código',
    show: 'Ver mi decisión',
    problems: {
      PAGE_TOKEN: 'El código no es correcto. Cópielo de nuevo del mensaje con su decisión.',
      PAGE_EXPIRED: 'El código ha caducado. Pídanos uno nuevo.',
      PAGE_ATTEMPTS:
        'Se han introducido demasiados códigos incorrectos. Espere unos minutos y vuelva a intentarlo.',
    },
  },
  outcomes: {
    approved: 'Su solicitud ha sido aprobada.',
    denied: 'Su solicitud no ha sido aprobada.',
    'counter-offer': 'No hemos podido aprobar lo que solicitó, pero podemos ofrecerle otra opción.',
    referred: 'Su solicitud aún no está decidida. Una persona la estudiará.',
    incomplete: 'No hemos podido decidir porque falta información.',
    withdrawn: 'Su solicitud fue retirada.',
  },
  otherOutcome: (outcome) => `El resultado es: ${outcome}.`,
  answered: 'Hemos respondido a su petición.',
  undecided: 'No se ha tomado ninguna decisión por un fallo nuestro.',
  offer: 'Lo que le ofrecemos',
  agreed: 'Lo que se ha acordado',
  mainReason: 'El motivo principal',
  mainReasons: 'Los motivos principales',
  next: 'Lo que usted puede hacer',
  changes: {
    title: 'Qué habría cambiado la respuesta',
    looked: 'Lo que hemos examinado',
    intros: {
      found:
        'Cada una de estas posibilidades habría bastado por sí sola, con todo lo demás tal como usted lo indicó. Puede haber otras.',
      none: 'Hemos buscado cambios que hubieran llevado a otra respuesta y no hemos encontrado ninguno dentro de los límites que figuran abajo.',
      met: 'El modelo informático no tenía nada en contra de su solicitud. La respuesta tiene otros motivos: véalos arriba.',
      rules:
        'Una regla fija se oponía a su solicitud, dijera lo que dijera el modelo informático: vea los motivos de arriba.',
      'not-scored': 'No se consultó al modelo informático, así que no hay nada que comparar.',
      pending: 'Todavía lo estamos calculando. Vuelva a abrir esta página dentro de un minuto.',
      failed: 'No hemos podido calcularlo. Pregúntenos y una persona lo estudiará.',
    },
    caveat: (day) =>
      `Esto se refiere a esta decisión y al modelo informático ${day === null ? 'de ese día' : `del ${day}`}. No tiene en cuenta las reglas fijas de la entidad, que pueden oponerse a un cambio. No es una promesa para una nueva solicitud ni un consejo: no todos los cambios le convienen.`,
    bounds: {
      up: 'solo más',
      down: 'solo menos',
      any: 'tanto más como menos',
      limits: (min, max) =>
        (min === null ? '' : `, desde ${min}`) +
        (max === null ? '' : `${min === null ? ',' : ''} hasta ${max}`),
    },
  },
  noPromise:
    'Esto se refiere a esta decisión y a las reglas de ese día. No es una promesa para una nueva solicitud.',
  wrong: '¿Hay algún error?',
  wrongText:
    'Revise la información que hemos utilizado, al final de esta página. Si algo no es correcto, díganoslo. Lo corregiremos y volveremos a estudiar su solicitud.',
  person: 'Hable con una persona',
  automated: 'Un programa informático tomó o preparó esta decisión.',
  personText:
    'Usted puede pedir que una persona la revise, exponer su punto de vista y manifestar que no está de acuerdo. No tiene ningún coste.',
  responsible: (team, role) => `Responsable: ${team}, ${role}.`,
  later: 'Lo que ocurrió después',
  followups: {
    review: 'Una persona revisó la decisión',
    notice: 'Le enviamos una notificación',
    contest: 'Usted nos pidió que la revisáramos',
    correction: 'Se corrigieron sus datos',
    incompleteDelivery: 'Es posible que la respuesta no le haya llegado',
    explanation: 'Se añadió una explicación',
  },
  receipt: 'Su justificante',
  written: (date) =>
    `Esta decisión se registró y se firmó el ${date}, antes de que usted recibiera la respuesta.`,
  notYetInLog: (date) =>
    `Estará en el registro a más tardar el ${date}. Si no está, su justificante demuestra que se omitió.`,
  inLog: (index) => `Está en el registro, en la posición ${index}. Un cambio posterior se notaría.`,
  anchored: (block, chain) =>
    `El estado del registro que la contiene consta en el bloque ${block} de la cadena ${chain}`,
  testChain: 'Es una cadena de pruebas: no prueba nada frente a quien la gestiona.',
  realChain: 'donde no podemos cambiarlo',
  download: 'Descargar el justificante',
  check: 'Compruébelo usted mismo',
  checkText:
    'Cualquiera puede comprobar el justificante sin preguntarnos. Necesita el justificante, el archivo de política de este registro, que le facilita alguien de su confianza, por ejemplo el supervisor, y las herramientas de Showcause. Son software libre; el README de ese proyecto explica cómo instalarlas. Obténgalas de allí, no de nosotros. Después basta una orden:',
  number: 'Número de esta decisión',
  log: 'Registro',
  data: 'La información que hemos utilizado',
  showData: 'Mostrar',
};
