// localStorage is shared with whatever else was ever served from this host and port, so our keys carry our name.
const PREFIX = 'milequest:';
const ours = () => Object.keys(localStorage).filter(key => key.startsWith(PREFIX));

export const storage = {
  getItem: key => localStorage.getItem(PREFIX + key),
  setItem: (key, value) => localStorage.setItem(PREFIX + key, value),
  removeItem: key => localStorage.removeItem(PREFIX + key),
  clear: () => ours().forEach(key => localStorage.removeItem(key)),
  get length() {
    return ours().length;
  },
};
