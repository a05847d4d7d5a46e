/** The page with a walk that came, changed or went: what a list needs by hand where there is no @prependEdge. */
export function listed(page, { edge, removedId }) {
  const { activities } = page.team;
  const gone = edge?.node.id ?? removedId;
  const others = activities.edges.filter(({ node }) => node.id !== gone);
  const edges = edge ? [edge, ...others] : others;
  return { ...page, team: { ...page.team, activities: { ...activities, edges } } };
}
