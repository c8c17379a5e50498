// Variables: each case is a document, its variables as JSON text, and optionally the operation name.

const int = (value) => ['query($a:Int){boards(first:$a){nodes{title}}}', `{"a":${value}}`];
const id = (value) => ['query($a:ID!){board(id:$a){title}}', `{"a":${value}}`];
const ids = (value) => ['query($a:[ID!]!){nodes(ids:$a){id}}', `{"a":${value}}`];
const nullableIds = (value) => ['query($a:[ID!]=["HOUSE_ID"]){nodes(ids:$a){id}}', value];
const string = (value) => ['query($a:String){board(id:"BOARD_ID"){cards(filter:{text:$a}){nodes{title}}}}', `{"a":${value}}`];
const flag = (value) => ['query($a:Boolean!){viewer{id email @include(if:$a)}}', `{"a":${value}}`];
const color = (value) => ['query($a:LabelColor!){board(id:"BOARD_ID"){cards(filter:{labels:[$a]}){nodes{title}}}}', `{"a":${value}}`];
const colors = (value) => ['query($a:[LabelColor!]){board(id:"BOARD_ID"){cards(filter:{labels:$a}){nodes{title}}}}', `{"a":${value}}`];
const filter = (value) => ['query($a:CardFilter){board(id:"BOARD_ID"){cards(filter:$a){nodes{title}}}}', `{"a":${value}}`];
const order = (value) => ['query($a:CardOrder){board(id:"BOARD_ID"){cards(orderBy:$a){totalCount}}}', `{"a":${value}}`];
const update = (value) => ['mutation($a:UpdateCardInput!){updateCard(input:$a){card{id title}}}', `{"a":${value}}`];
const create = (value) => ['mutation($a:CreateCardInput!){createCard(input:$a){card{title}}}', `{"a":${value}}`];

export default [
  // --- Scalars ---
  ...['1', '2.0', '1e1', '2.0e0', '20e-1', '-0', '0', '-0.0', '-1', 'null', '2147483647', '2147483648', '-2147483648', '-2147483649'].map(int),
  ...['1.5', '1e-1', '1e10', '12345678901234567890', '"1"', '""', 'true', '[]', '[1]', '{}', '1e300', '100000000000000000000000'].map(int),
  ...['"BOARD_ID"', '1', '1.0', '-0', '1e3', '0', '-5', '12345678901234567890', '123456789012345678901234567890', '9007199254740993'].map(id),
  ...['1.5', '1e-2', 'true', 'null', '[]', '["BOARD_ID"]', '{}', '""', '" BOARD_ID"', '1e21'].map(id),
  ...['"plan"', '""', 'null', '1', '1.5', 'true', '[]', '["plan"]', '{}', '"\\u0070lan"', '"\\ud83d\\ude00"', '"a\\nb"'].map(string),
  ...['true', 'false', 'null', '0', '1', '"true"', '"false"', '""', '[]', '[true]', '{}'].map(flag),
  ...['"RED"', '"GREEN"', '"red"', '"NOPE"', '""', 'null', '1', 'true', '["RED"]', '{}', '" RED"'].map(color),

  // --- Lists ---
  ...['[]', '["BOARD_ID"]', '"BOARD_ID"', '5', '[1,"CARD_ID",2.0]', 'null', '[null]', '["BOARD_ID",null]', '[["BOARD_ID"]]', '{}', '[1.5]', 'true'].map(ids),
  ...['{}', 'null', '{"a":["BOARD_ID"]}', '{"a":"CARD_ID"}', '{"a":null}', '{"a":[null]}'].map(nullableIds),
  ...['[]', '["RED"]', '"RED"', '["RED","GREEN"]', '["RED","RED"]', 'null', '[null]', '["RED",null]', '["red"]', '[["RED"]]', '"red"', '[1]', '{}'].map(colors),

  // --- Input objects ---
  ...['{}', 'null', '{"text":"plan"}', '{"text":null}', '{"columns":"TODO"}', '{"columns":["TODO","DONE"]}', '{"labels":["RED"],"text":"plan"}'].map(filter),
  ...['{"nope":1}', '{"text":"plan","nope":null}', '{"text":1}', '{"columns":[null]}', '{"columns":"todo"}', '[]', '[{}]', '"x"', '1', 'true'].map(filter),
  ...['{"Text":"plan"}', '{"text":"plan","text":"sow"}', '{"columns":[["TODO"]]}', '{"labels":{"0":"RED"}}', '{"__typename":"CardFilter"}'].map(filter),
  ...['{"field":"TITLE","direction":"ASC"}', '{"field":"TITLE"}', '{}', 'null', '{"field":"TITLE","direction":null}', '{"field":"NOPE","direction":"ASC"}'].map(order),
  ...['{"cardId":"SOW_ID"}', '{"cardId":"SOW_ID","title":"Sow"}', '{"cardId":"SOW_ID","expectedVersion":0}', '{}', '{"cardId":null}'].map(update),
  ...['{"cardId":"SOW_ID","nope":1}', '{"cardId":"SOW_ID","labels":"x"}', '{"cardId":"SOW_ID","expectedVersion":1.5}', 'null', '{"cardId":5}'].map(update),
  ...['{"cardId":"SOW_ID","expectedVersion":0.0}', '{"cardId":"SOW_ID","column":"DOING"}', '{"cardId":"SOW_ID","column":"doing"}'].map(update),
  ...['{"boardId":"x","card":{"title":"t"}}', '{"boardId":"x","card":{"title":"t","description":null}}', '{"boardId":"x","card":{}}'].map(create),
  ...['{"boardId":"x"}', '{"boardId":"x","card":null}', '{"boardId":"x","card":{"title":1}}', '{"boardId":"x","card":{"title":"t","labels":"RED"}}'].map(create),
  ...['{"boardId":"x","card":[{"title":"t"}]}', '{"boardId":"x","card":{"title":"t","labels":[null]}}', '{"boardId":"x","card":{"title":"t","x":1}}'].map(create),
  ['mutation($c:ID!,$t:String){updateCard(input:{cardId:$c,title:$t}){card{title}}}', '{"c":"SOW_ID"}'],
  ['mutation($c:ID!,$t:String){updateCard(input:{cardId:$c,title:$t}){card{title}}}', '{"c":"SOW_ID","t":"Sow"}'],
  ['mutation($c:ID!,$l:LabelColor!){addLabelsToCard(input:{cardId:$c,labels:[$l,BLUE]}){card{title labels{color}}}}', '{"c":"SOW_ID","l":"GREEN"}'],
  ['mutation($c:ID!,$l:[LabelColor!]!){addLabelsToCard(input:{cardId:$c,labels:$l}){card{title}}}', '{"c":"SOW_ID","l":"GREEN"}'],

  // --- Defaults, null and absent values ---
  ['query($a:Int=1){boards(first:$a){nodes{title}}}'],
  ['query($a:Int=1){boards(first:$a){nodes{title}}}', '{}'],
  ['query($a:Int=1){boards(first:$a){nodes{title}}}', '{"a":null}'],
  ['query($a:Int=1){boards(first:$a){nodes{title}}}', '{"a":2}'],
  ['query($a:Int=1){boards(first:$a){nodes{title}}}', '{"b":2}'],
  ['query($a:Int){boards(first:$a){nodes{title}}}', '{"b":2}'],
  ['query($a:Int!){boards(first:$a){nodes{title}}}'],
  ['query($a:Int!){boards(first:$a){nodes{title}}}', '{"a":null}'],
  ['query($a:Int!=1){boards(first:$a){nodes{title}}}'],
  ['query($a:Int!=1){boards(first:$a){nodes{title}}}', '{"a":null}'],
  ['query($a:ID="BOARD_ID"){board(id:$a){title}}'],
  ['query($a:ID="BOARD_ID"){board(id:$a){title}}', '{"a":"HOUSE_ID"}'],
  ['query($a:ID="BOARD_ID"){viewer{id} board(id:$a){title}}', '{"a":null}'],
  ['query($a:[ID!]=["BOARD_ID"]){viewer{id} nodes(ids:$a){id}}', '{"a":null}'],
  ['query($a:ID=5){board(id:$a){title}}'],
  ['query($a:[LabelColor!]=RED){board(id:"BOARD_ID"){cards(filter:{labels:$a}){nodes{title}}}}'],
  ['query($a:CardFilter={labels:GREEN}){board(id:"BOARD_ID"){cards(filter:$a){nodes{title}}}}'],
  ['query($a:CardFilter={labels:GREEN}){board(id:"BOARD_ID"){cards(filter:$a){nodes{title}}}}', '{"a":{}}'],
  ['query($a:OrderDirection=ASC){board(id:"BOARD_ID"){cards(orderBy:{field:TITLE,direction:$a}){totalCount}}}', '{"a":null}'],
  ['query($a:OrderDirection=ASC){board(id:"BOARD_ID"){cards(orderBy:{field:TITLE,direction:$a}){totalCount}}}', '{}'],
  ['query($a:String="plan"){board(id:"BOARD_ID"){cards(filter:{text:$a}){nodes{title}}}}', '{"a":null}'],
  ['query($a:String){board(id:"BOARD_ID"){cards(filter:{text:$a,columns:[TODO]}){nodes{title}}}}', '{}'],
  ['query($a:Int,$b:Int=1){boards(first:$a,last:$b){nodes{title}}}'],
  ['query($a:Int=1,$b:Int){boards(first:$a,last:$b){nodes{title}}}', '{"b":1}'],
  ['query($a:ID!,$b:ID!){board(id:$a){title}x:board(id:$b){title}}', '{"a":"BOARD_ID"}'],
  ['query A($a:Int!){boards(first:$a){totalCount}} query B{viewer{id}}', '{}', 'B'],
  ['query A($a:Int!){boards(first:$a){totalCount}} query B($a:ID!){board(id:$a){id}}', '{"a":1}', 'A'],
  ['query A($a:Int!){boards(first:$a){totalCount}} query B($a:ID!){board(id:$a){id}}', '{"a":"BOARD_ID"}', 'A'],
  ['{viewer{id}}', '{"a":{"deep":[[[1,{"b":null}]]]}}'],

  // --- @skip and @include ---
  ['query($s:Boolean=true){viewer{id email @include(if:$s)}}'],
  ['query($s:Boolean=true){viewer{id email @skip(if:$s)}}'],
  ['query($s:Boolean=true){viewer{id email @include(if:$s)}}', '{"s":false}'],
  ['query($s:Boolean!=true){viewer{id email @skip(if:$s)}}', '{"s":false}'],
  ['query($s:Boolean=true){viewer{id email @include(if:$s)}}', '{"s":null}'],
  ['query($s:Boolean=true){viewer{id} board(id:"BOARD_ID"){title @include(if:$s)}}', '{"s":null}'],
  ['query($s:Boolean=true){viewer{id} x:viewer @skip(if:$s){email}}', '{"s":null}'],
  ['query($s:Boolean=true){__typename @include(if:$s)}'],
  ['query($s:Boolean=true){__typename @skip(if:$s)}'],
  ['query($s:Boolean=true){viewer{__typename @skip(if:$s) id}}'],
  ['query($s:Boolean!){viewer{...@include(if:$s){email} id}}', '{"s":true}'],
  ['query($s:Boolean!){viewer{...@include(if:$s){email} id}}', '{"s":false}'],
  ['query($s:Boolean!){viewer{...on User@skip(if:$s){email} id}}', '{"s":false}'],
  ['query($s:Boolean=true){viewer{...F@skip(if:$s) id}} fragment F on User{email}'],
  ['query($s:Boolean=true){viewer{...F@include(if:$s) id}} fragment F on User{email}'],
  ['query($s:Boolean=true,$t:Boolean=true){viewer{id email @include(if:$s) @skip(if:$t)}}'],
  ['query($s:Boolean=true,$t:Boolean=false){viewer{id email @include(if:$s) @skip(if:$t)}}'],
  ['query($s:Boolean=true){...F} fragment F on Query{viewer{id email @skip(if:$s)}}'],
  ['query($s:Boolean=true){viewer{...@skip(if:$s){...{...F}} id}} fragment F on User{email}'],
  ['mutation($dry:Boolean!=false){updateCard(input:{cardId:"SOW_ID"})@skip(if:$dry){card{title}}}'],
];
