/** Where an account's owner reads the provider's own figures. */
const dashboards: Readonly<Record<string, (providerAccountId: string) => string>> = {
  stripe: (id) => `https://dashboard.stripe.com/${id}`,
};

/** Null for a provider whose pages we do not know the address of. */
export const dashboardUrlOf = (provider: string, providerAccountId: string): string | null =>
  dashboards[provider]?.(providerAccountId) ?? null;
