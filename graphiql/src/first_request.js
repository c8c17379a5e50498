/** The text in the editor of a new tab. It changes nothing, so the IDs of the README's tour stay right. */
export const FIRST_REQUEST = `# Replace this text with your request,
# and press Ctrl-Enter.
#
# Most requests need an account. Send these two,
# one after the other. The bar above stores the
# access token.
#
# mutation {
#   signUp(input: {
#     email: "ada@example.com"
#     password: "a long secret"
#   }) { user { id } }
# }
#
# mutation {
#   logIn(input: {
#     email: "ada@example.com"
#     password: "a long secret"
#   }) { accessToken }
# }

query Welcome { __typename }
`;
