import { Button, type ButtonProps, Group, Modal, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Failure } from '../shell/states.tsx';

interface ActionProps extends Pick<ButtonProps, 'variant' | 'size' | 'color'> {
  readonly children: string;
  /** What it will do, asked before it is done. Left out: it is done at once. */
  readonly confirm?: ReactNode;
  readonly run: () => Promise<unknown>;
}

/** A button that changes something: once at a time, its refusal shown, and every page asked anew after it. */
export function Action({ children, confirm, run, variant = 'default', size = 'xs', color }: ActionProps) {
  const queries = useQueryClient();
  const [opened, { open, close }] = useDisclosure();
  const action = useMutation({
    mutationFn: run,
    onSuccess: close,
    onError: open,
    onSettled: () => queries.invalidateQueries(),
  });
  const begin = (): void => {
    action.reset();
    if (confirm) open();
    else action.mutate();
  };
  return (
    <>
      <Button {...{ variant, size }} {...(color ? { color } : {})} loading={action.isPending} onClick={begin}>
        {children}
      </Button>
      <Modal opened={opened} onClose={close} title={children} closeButtonProps={{ 'aria-label': 'Close' }}>
        <Stack>
          {confirm && !action.isError && <Text component="div">{confirm}</Text>}
          {action.isError && <Failure error={action.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Close
            </Button>
            {confirm && (
              <Button {...(color ? { color } : {})} loading={action.isPending} onClick={() => action.mutate()}>
                {children}
              </Button>
            )}
          </Group>
        </Stack>
      </Modal>
    </>
  );
}
