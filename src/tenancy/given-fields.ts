/** The fields that a change names. */
type Given<Fields> = { [Key in keyof Fields]?: Exclude<Fields[Key], undefined> };

const isGiven = <Value>(value: Value): value is Exclude<Value, undefined> => value !== undefined;

/** Leaves out what was not given, which is not the same as what was given as nothing. */
export function withoutUndefined<Fields extends object>(fields: Fields): Given<Fields> {
  const given: Given<Fields> = {};
  for (const key in fields) {
    const value = fields[key];
    if (isGiven(value)) given[key] = value;
  }
  return given;
}
