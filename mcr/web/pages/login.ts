import { attribute, html, type Html } from "@metacircular/mcdsl/web/html.ts";
import { formToken, notice } from "@metacircular/mcdsl/web/page.ts";

/** Asks who it is. */
export function loginPage(form: {
  readonly formToken: string;
  /** Where it goes on afterwards. */
  readonly to: string;
  readonly username: string;
  readonly problem: string | undefined;
}): Html {
  return html`<div class="narrow">
    <h1>Log in</h1>
    ${form.problem !== undefined && notice("problem", form.problem)}
    <form class="card" method="post" action="/login">
      ${formToken(form.formToken)}
      <input type="hidden" name="to" value="${form.to}" />
      <div class="field">
        <label for="username">User name</label>
        <input
          id="username"
          name="username"
          value="${form.username}"
          required
          maxlength="63"
          autocomplete="username"
          autocapitalize="none"
          spellcheck="false"
          ${attribute("autofocus", form.username === "")}
        />
      </div>
      <div class="field">
        <label for="password">Password</label>
        <input
          id="password"
          name="password"
          type="password"
          required
          maxlength="1024"
          autocomplete="current-password"
          ${attribute("autofocus", form.username !== "")}
        />
      </div>
      <button class="primary">Log in</button>
    </form>
    <p class="quiet">It is the account of the platform, the same as for <code>mcp login</code>.</p>
  </div>`;
}
