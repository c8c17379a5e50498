export function sendSafely<Answer>(send: () => Promise<Answer>): Promise<Answer>;
