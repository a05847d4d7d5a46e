import { useState, useSyncExternalStore } from 'react';

/** The demo account to send requests as. */
export function Account({ session, accounts }) {
  const current = useSyncExternalStore(session.subscribe, session.current);
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);

  async function choose({ target }) {
    setBusy(true);
    setProblem('');
    try {
      await (target.value ? session.signIn(target.value) : session.signOut());
    } catch (error) {
      setProblem(error.message);
    } finally {
      setBusy(false);
    }
  }

  return (
    <label className="account">
      <span role="status">{problem || (current ? 'Signed in as' : 'Sign in as')}</span>
      <select value={current?.email ?? ''} onChange={choose} disabled={busy}>
        <option value="">{current ? 'Sign out' : 'nobody'}</option>
        {accounts.map(({ name, email }) => (
          <option key={email} value={email}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
