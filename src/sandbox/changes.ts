const isKeyOf = <Body extends object>(body: Body, name: PropertyKey): name is keyof Body => name in body;

/** What the changed fields held before: the `previous_attributes` of an `updated` event. */
export function previousOf<Body extends object>(before: Body, change: Partial<Body>): Partial<Body> {
  const previous: Partial<Body> = {};
  for (const name of Object.keys(change)) {
    if (!isKeyOf(before, name)) continue;
    if (JSON.stringify(before[name]) !== JSON.stringify(change[name])) previous[name] = before[name];
  }
  return previous;
}
