import { defineConfig } from 'prisma/config';

// Read by the Prisma CLI only. The service itself migrates through src/database/migrate.ts.
export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
});
