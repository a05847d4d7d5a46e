// Who is signed in here: kept in memory and, for a reload of this tab, in sessionStorage.
const KEY = 'milequest:session';
const RENEW_BEFORE_MS = 30_000;

const SIGN_IN = `mutation SignIn($input: SignInInput!) {
  signIn(input: $input) {
    session { accessToken accessTokenExpiresAt refreshToken }
    viewer { user { name } }
  }
}`;
const SIGN_OUT = `mutation SignOut($input: SignOutInput!) { signOut(input: $input) { ok } }`;

async function call(url, query, variables) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json, application/json' },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await response.json();
  if (errors) throw new Error(errors[0].message);
  return data;
}

export class Session {
  #url;
  #accounts;
  #listeners = new Set();
  #current; // {email, name, accessToken, expiresAt, refreshToken}, or null: anonymous

  constructor(url, accounts) {
    this.#url = url;
    this.#accounts = accounts;
    const kept = JSON.parse(sessionStorage.getItem(KEY));
    this.#current = accounts.some(({ email }) => email === kept?.email) ? kept : null;
  }

  subscribe = listener => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  current = () => this.#current;

  async signIn(email) {
    const { password } = this.#accounts.find(account => account.email === email);
    const { signIn } = await call(this.#url, SIGN_IN, { input: { email, password } });
    const { accessToken, accessTokenExpiresAt, refreshToken } = signIn.session;
    this.#become({
      email,
      name: signIn.viewer.user.name,
      accessToken,
      expiresAt: Date.parse(accessTokenExpiresAt),
      refreshToken,
    });
  }

  async signOut() {
    const { refreshToken } = this.#current;
    this.#become(null);
    await call(this.#url, SIGN_OUT, { input: { refreshToken } });
  }

  /** The headers of a request: what is typed in the Headers editor wins over the account chosen above it. */
  async headers(typed = {}) {
    if (!this.#current || Object.keys(typed).some(name => name.toLowerCase() === 'authorization')) return typed;
    if (this.#current.expiresAt < Date.now() + RENEW_BEFORE_MS) await this.signIn(this.#current.email);
    return { ...typed, Authorization: `Bearer ${this.#current.accessToken}` };
  }

  #become(current) {
    this.#current = current;
    if (current) sessionStorage.setItem(KEY, JSON.stringify(current));
    else sessionStorage.removeItem(KEY);
    this.#listeners.forEach(listener => listener());
  }
}
