// What the Relay test is compiled from; relay.mjs runs the artifacts. Anew: npx relay-compiler@21.0.1 relay.config.json
import { graphql } from 'relay-runtime';

graphql`
  query pageQuery($id: ID!) {
    team(id: $id) {
      id
      name
      liveCursor
      activeGoal {
        id
        progress {
          ...page_marker @relay(mask: false)
          unattributedMeters
        }
      }
      leaderboard(period: WEEK) {
        ...page_board @relay(mask: false)
        viewerStanding {
          trueValue
        }
      }
      activities(first: 20) @connection(key: "page_activities") {
        edges {
          node {
            ...page_walk @relay(mask: false)
          }
        }
      }
    }
  }
`;

graphql`
  fragment page_board on Leaderboard {
    id
    version
    entries(first: 10) {
      nodes {
        rank
        value
        competitor {
          id
          name
        }
      }
      totalCount
    }
  }
`;

graphql`
  fragment page_marker on GoalProgress {
    id
    version
    totalMeters
    percent
    remainingMeters
    position {
      lat
      lng
    }
    nextWaypoint {
      name
    }
  }
`;

graphql`
  fragment page_walk on Activity {
    id
    distanceMeters
    localDate
    user {
      id
      name
    }
  }
`;

graphql`
  subscription pageMarkerSubscription($teamId: ID!) {
    teamProgressUpdated(teamId: $teamId) {
      progress {
        ...page_marker @relay(mask: false)
      }
    }
  }
`;

graphql`
  subscription pageBoardSubscription($teamId: ID!) {
    teamLeaderboardUpdated(teamId: $teamId, period: WEEK, metric: DISTANCE) {
      leaderboard {
        ...page_board @relay(mask: false)
      }
    }
  }
`;

graphql`
  subscription pageWalksSubscription($teamId: ID!, $after: String, $connections: [ID!]!) {
    teamActivityChanged(teamId: $teamId, after: $after) {
      cursor
      sequence
      delivery
      removedId @deleteEdge(connections: $connections)
      edge @prependEdge(connections: $connections) {
        cursor
        node {
          ...page_walk @relay(mask: false)
        }
      }
      snapshot {
        id
        activities(first: 20) @connection(key: "page_activities") {
          edges {
            node {
              ...page_walk @relay(mask: false)
            }
          }
        }
      }
    }
  }
`;
