// Mutations whose results show how the text of a document was interpreted.

const describe = (value) =>
  `mutation{createCard(input:{boardId:"HOUSE_ID",card:{title:"t",description:${value}}}){card{description}}}`;
const create = (card, definitions = '') =>
  `mutation${definitions}{createCard(input:{boardId:"HOUSE_ID",card:${card}}){card{title description column labels{color}}}}`;

export default [
  // --- Strings ---
  ...['"a\\"b"', '"\\\\ \\/ \\n\\r\\tx"', '"\\u00e9"', '"\\ud83d\\ude00"', '"\\u{1F600}"', '"\\u{1f600}\\u0041"', '"😀"', '"\\u{e9}"', '"#,{}"'].map(describe),
  ...['"a\tb"', '"\\u{10FFFF}"', '"\\uD83D\\uDE00\\ud83d\\ude01"', '"\\u005Cn"', '"\\\\u0041"', '"\u2028x"', '"x\ufeffy"'].map(describe),

  // --- Block strings ---
  ...[
    '"""a"""',
    '"""a\\"""b"""',
    '"""\\"""a\\""" """',
    '"""a\\nb"""',
    '"""a\\\\b"""',
    '"""\\u0041"""',
    '"""a"b""c"""',
    '"""\n  a\n    b\n  c\n"""',
    '"""\n  a\n \n  b\n"""',
    '"""\n    a\n\n  \n      \n    b\n  """',
    '"""a\n  b\n   c"""',
    '"""  a\n  b"""',
    '"""\n\t a\n\t b"""',
    '"""\n\n\n  a\n\n\n"""',
    '"""a\r\n  b\r  c\n  d"""',
    '"""\n  a\n b\n"""',
    '"""\n      \n  a\n      \n  b"""',
    '"""\n a\n\u00a0b"""',
    '"""   """',
    '"""\n"""',
    '""""""',
    '"""\n  # no comment\n  a, b\n"""',
    '"""\n  😀\n  é"""',
    '"""a\\"b"""',
    '"""\n    a\n  b\n      c\n"""',
    '"""a\n \n  b"""',
    '"""a\n      \n  b"""',
    '"""a\n\t\n\tb"""',
    '"""\n\ta\n  \n\tb"""',
    '"""  \n a\n"""',
    '"""a\n  \nb"""',
    '"""\r\n  a\r\n \r\n  b"""',
    '"""\n  a\n\u00a0\n  b"""',
  ].map(describe),

  // --- Defaults of input fields ---
  create('{title:"t"}'),
  create('{title:"t",column:TODO}'),
  create('{title:"t",labels:RED}'),
  create('{title:"t",labels:[GREEN,RED]}'),
  create('{labels:[],title:"t",column:DONE,description:"d"}'),
  [create('{title:"t",description:$d}', '($d:String)'), '{}'],
  [create('{title:"t",description:$d}', '($d:String)'), '{"d":"text"}'],
  [create('{title:"t",description:$d}', '($d:String)'), '{"d":null}'],
  [create('{title:"t",description:$d}', '($d:String="default")'), '{}'],
  [create('{title:"t",description:$d}', '($d:String!="default")'), '{"d":"text"}'],
  [create('{title:"t",column:$c,labels:$l}', '($c:CardColumn,$l:[LabelColor!])'), '{}'],
  [create('{title:"t",column:$c,labels:$l}', '($c:CardColumn,$l:[LabelColor!])'), '{"c":"DOING","l":"RED"}'],
  [create('{title:"t",column:$c,labels:$l}', '($c:CardColumn=DOING,$l:[LabelColor!]=[RED])')],
  [create('{title:"t",labels:[$l]}', '($l:LabelColor!)'), '{"l":"RED"}'],
  [create('{title:$t}', '($t:String!)'), '{"t":"title"}'],
  [create('$c', '($c:CardInput!)'), '{"c":{"title":"t"}}'],
  [create('$c', '($c:CardInput!)'), '{"c":{"title":"t","labels":"RED","column":"DONE","description":"d"}}'],
  [create('$c', '($c:CardInput={title:"t",column:TODO})'), '{}'],
  ['mutation($i:CreateCardInput!){createCard(input:$i){card{title column}}}', '{"i":{"boardId":"HOUSE_ID","card":{"title":"t"}}}'],

  // --- @skip and @include ---
  ['mutation($dry:Boolean!=true){createCard(input:{boardId:"HOUSE_ID",card:{title:"dry"}})@skip(if:$dry){card{title}}}'],
  ['mutation($dry:Boolean=true){createCard(input:{boardId:"HOUSE_ID",card:{title:"dry"}})@skip(if:$dry){card{title}} __typename}'],
  ['mutation($real:Boolean=false){...@include(if:$real){createCard(input:{boardId:"HOUSE_ID",card:{title:"dry"}}){card{title}}}}'],
  ['mutation($real:Boolean=false){...F@include(if:$real)} fragment F on Mutation{createCard(input:{boardId:"HOUSE_ID",card:{title:"dry"}}){card{title}}}'],

  // --- Fields with the same response key are one field ---
  'mutation{createCard(input:{boardId:"HOUSE_ID",card:{title:"once"}}){card{title}} createCard(input:{boardId:"HOUSE_ID",card:{title:"once"}}){card{column}}}',
];
