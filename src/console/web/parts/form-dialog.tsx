import { Button, Group, Modal, Stack } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, type SubmitEvent, useRef } from 'react';
import { keyAfter, newIdempotencyKey } from '../api/idempotency-key.ts';
import { Failure } from '../shell/states.tsx';

interface FormDialogProps {
  readonly title: string;
  readonly submitLabel: string;
  readonly children: ReactNode;
  /** `idempotencyKey` stays the same while this form is open, so that pressing twice, or again where no answer came, does it once. */
  readonly submit: (fields: FormData, idempotencyKey: string) => Promise<unknown>;
}

/** A button that opens a form, and closes it once its answer is there. */
export function FormDialog({ title, submitLabel, children, submit }: FormDialogProps) {
  const queries = useQueryClient();
  const [opened, { open, close }] = useDisclosure();
  const idempotencyKey = useRef('');
  const action = useMutation({
    mutationFn: (fields: FormData) => submit(fields, idempotencyKey.current),
    onSuccess: close,
    onError: (error) => {
      idempotencyKey.current = keyAfter(idempotencyKey.current, error);
    },
    // After a failure too: what was done all the same is to be seen.
    onSettled: () => queries.invalidateQueries(),
  });
  const begin = (): void => {
    idempotencyKey.current = newIdempotencyKey();
    action.reset();
    open();
  };
  const send = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    action.mutate(new FormData(event.currentTarget));
  };
  return (
    <>
      <Button size="xs" variant="default" onClick={begin}>
        {title}
      </Button>
      <Modal opened={opened} onClose={close} title={title} closeButtonProps={{ 'aria-label': 'Close' }}>
        <form onSubmit={send}>
          <Stack>
            {children}
            {action.isError && <Failure error={action.error} />}
            <Group justify="flex-end">
              <Button variant="default" onClick={close}>
                Discard
              </Button>
              <Button type="submit" loading={action.isPending}>
                {submitLabel}
              </Button>
            </Group>
          </Stack>
        </form>
      </Modal>
    </>
  );
}

export const textOf = (fields: FormData, name: string): string => {
  const value = fields.get(name);
  return typeof value === 'string' ? value.trim() : '';
};
