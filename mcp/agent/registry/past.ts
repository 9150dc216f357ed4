import type { Database } from "@metacircular/mcdsl/database/open.ts";

/** Tables with rows that outlive what they are about. Operations and events are left out: they are the record of
 * what was done and seen, which ends by its age. */
const ofComponents = ["alerts", "repairs", "tags"] as const;
const ofServices = [...ofComponents, "revisions"] as const;

/** Forgets the past of a component, or of a whole service. */
export type ForgetPast = (service: string, component?: string) => void;

export function createForgetPast({ sql }: Database): ForgetPast {
  const services = ofServices.map((table) => sql.prepare(`DELETE FROM ${table} WHERE service = ?`));
  const components = ofComponents.map((table) =>
    sql.prepare(`DELETE FROM ${table} WHERE service = ? AND component = ?`),
  );
  return (service, component) => {
    if (component === undefined) for (const statement of services) statement.run(service);
    else for (const statement of components) statement.run(service, component);
  };
}
