import { Button, Grid, Group, Stack, Tabs, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type SubmitEvent, useRef, useState } from 'react';
import { Link, useNavigate, useParams } from 'react-router';
import { answerOf, api } from '../api/client.ts';
import { keyAfter, newIdempotencyKey } from '../api/idempotency-key.ts';
import { Refusal } from '../api/refusal.ts';
import type { Schemas } from '../api/schema.ts';
import { useSession } from '../shell/session-context.ts';
import { Answer, Failure, PageTitle } from '../shell/states.tsx';
import { Basics } from './plan-editor/basics.tsx';
import { Benefits } from './plan-editor/benefits.tsx';
import { bodyOf, emptyForm, formOf, type PlanForm } from './plan-editor/form.ts';
import { Preview } from './plan-editor/preview.tsx';

type Plan = Schemas['Plan'];

/** Paths of the second step; whatever else is refused is shown on the first. */
const ofBenefits = /^(usage|recurring|limits|packs)\b/;

async function save(plan: Plan | null, agencyId: string, form: PlanForm, publish: boolean, key: string): Promise<Plan> {
  const body = bodyOf(form);
  if (!plan) {
    const header = { 'Idempotency-Key': key };
    return answerOf(api.POST('/v1/plans', { params: { header }, body: { ...body, agencyId, publish } }));
  }
  const path = { id: plan.id };
  const saved = await answerOf(api.PATCH('/v1/plans/{id}', { params: { path }, body }));
  return publish ? answerOf(api.POST('/v1/plans/{id}/publish', { params: { path } })) : saved;
}

function Editor({ plan }: { readonly plan: Plan | null }) {
  const session = useSession();
  const agencyId = plan?.agencyId ?? session.agencyId;
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [form, setForm] = useState(() => (plan ? formOf(plan) : emptyForm()));
  const [step, setStep] = useState<string | null>('basics');
  const idempotencyKey = useRef(newIdempotencyKey());
  const saving = useMutation({
    mutationFn: (publish: boolean) => save(plan, agencyId, form, publish, idempotencyKey.current),
    onSuccess: async ({ id }) => {
      await navigate(`/plans/${id}`);
      await queries.invalidateQueries();
    },
    onError: (error) => {
      idempotencyKey.current = keyAfter(idempotencyKey.current, error);
      const paths = error instanceof Refusal ? error.fields.map(({ path }) => path) : [];
      if (paths.length > 0) setStep(paths.some((path) => !ofBenefits.test(path)) ? 'basics' : 'benefits');
    },
  });
  const fields = saving.error instanceof Refusal ? saving.error.fields : [];
  const part = {
    form,
    change: (changed: Partial<PlanForm>) => setForm({ ...form, ...changed }),
    errorAt: (path: string) => fields.find((field) => field.path === path)?.message,
  };
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    if (step === 'basics') setStep('benefits');
    else saving.mutate(true);
  };
  const isNew = !plan || plan.status === 'draft';
  return (
    <Stack>
      <PageTitle>{plan ? `Edit ${plan.displayName}` : 'New plan'}</PageTitle>
      {plan && plan.status !== 'draft' && (
        <Text>
          It is sold as version {plan.version}. What you change becomes the next version; clients keep what they have.
        </Text>
      )}
      <form onSubmit={submit}>
        <Grid>
          <Grid.Col span={{ base: 12, md: 8 }}>
            <Tabs value={step} onChange={setStep} keepMounted={false}>
              <Tabs.List>
                <Tabs.Tab value="basics">1. Basics</Tabs.Tab>
                <Tabs.Tab value="benefits">2. Benefits</Tabs.Tab>
              </Tabs.List>
              <Tabs.Panel value="basics" pt="md">
                <Basics {...part} />
              </Tabs.Panel>
              <Tabs.Panel value="benefits" pt="md">
                <Benefits {...part} agencyId={agencyId} />
              </Tabs.Panel>
            </Tabs>
          </Grid.Col>
          <Grid.Col span={{ base: 12, md: 4 }}>
            <Preview body={bodyOf(form)} agencyId={agencyId} />
          </Grid.Col>
        </Grid>
        <Stack mt="md">
          {saving.isError && <Failure error={saving.error} />}
          <Group>
            {step === 'basics' ? (
              <Button type="submit" key="next">
                Next: benefits
              </Button>
            ) : (
              <Button type="submit" key="save" loading={saving.isPending && saving.variables}>
                {isNew ? 'Create plan' : 'Publish'}
              </Button>
            )}
            <Button
              variant="default"
              loading={saving.isPending && !saving.variables}
              onClick={() => saving.mutate(false)}
            >
              Save draft
            </Button>
            <Button component={Link} variant="default" to={plan ? `/plans/${plan.id}` : '/plans'}>
              Discard
            </Button>
          </Group>
        </Stack>
      </form>
    </Stack>
  );
}

/** A plan that is there is read once: what somebody else changes meanwhile does not change what is being typed. */
function Existing({ id }: { readonly id: string }) {
  const plan = useQuery({
    queryKey: ['plan', id, 'to edit'],
    queryFn: () => answerOf(api.GET('/v1/plans/{id}', { params: { path: { id } } })),
    staleTime: 0,
    gcTime: 0,
  });
  return <Answer of={plan}>{(found) => <Editor plan={found} />}</Answer>;
}

/** Two steps, as the plan is thought of: what it costs, then what is in it. */
export default function PlanEditor() {
  const { id } = useParams();
  return id === undefined ? <Editor plan={null} /> : <Existing id={id} />;
}
