import { NativeSelect, TextInput, type TextInputProps } from '@mantine/core';
import type { PlanForm } from './form.ts';

/** What every part of the form is given. */
export interface PartProps {
  readonly form: PlanForm;
  readonly change: (changed: Partial<PlanForm>) => void;
  /** What the API says of a field, by its path; undefined where nothing is wrong. */
  readonly errorAt: (path: string) => string | undefined;
}

interface FieldProps
  extends Pick<TextInputProps, 'label' | 'description' | 'placeholder' | 'required' | 'inputMode' | 'w'> {
  readonly value: string;
  readonly onValue: (value: string) => void;
  readonly error?: string | undefined;
}

export const Field = ({ onValue, error, ...props }: FieldProps) => (
  <TextInput {...props} error={error ?? false} onChange={(event) => onValue(event.currentTarget.value)} />
);

/** A number or an amount: the keyboard of a phone shows digits. */
export const Digits = (props: FieldProps) => <Field inputMode="decimal" {...props} />;

interface ChoiceProps<Value extends string> {
  readonly label: string;
  readonly value: Value;
  readonly choices: Readonly<Partial<Record<Value, string>>>;
  readonly onValue: (value: Value) => void;
  readonly disabled?: boolean;
  readonly description?: string;
}

/** One of a few, each with its wording. */
export function Choice<Value extends string>({ choices, value, onValue, ...props }: ChoiceProps<Value>) {
  const isOne = (text: string): text is Value => Object.hasOwn(choices, text);
  const data = Object.keys(choices)
    .filter(isOne)
    .map((each) => ({ value: each, label: choices[each] ?? each }));
  return (
    <NativeSelect
      {...props}
      value={value}
      data={data}
      onChange={(event) => {
        const chosen = event.currentTarget.value;
        if (isOne(chosen)) onValue(chosen);
      }}
    />
  );
}
