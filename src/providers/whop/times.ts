const secondsOnly = /^\d{1,11}$/;

/** Whop writes ISO 8601; where its pages speak of a Unix timestamp, seconds as text are read too. */
export const toDate = (text: string): Date => new Date(secondsOnly.test(text) ? Number(text) * 1000 : text);
