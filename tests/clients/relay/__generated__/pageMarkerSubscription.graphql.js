/**
 * @generated SignedSource<<a8fa85210a2b512a7a635093963f5ce4>>
 * @lightSyntaxTransform
 */

/* eslint-disable */

'use strict';

var node = (function(){
var v0 = [
  {
    "defaultValue": null,
    "kind": "LocalArgument",
    "name": "teamId"
  }
],
v1 = [
  {
    "alias": null,
    "args": [
      {
        "kind": "Variable",
        "name": "teamId",
        "variableName": "teamId"
      }
    ],
    "concreteType": "TeamProgressUpdate",
    "kind": "LinkedField",
    "name": "teamProgressUpdated",
    "plural": false,
    "selections": [
      {
        "alias": null,
        "args": null,
        "concreteType": "GoalProgress",
        "kind": "LinkedField",
        "name": "progress",
        "plural": false,
        "selections": [
          {
            "alias": null,
            "args": null,
            "kind": "ScalarField",
            "name": "id",
            "storageKey": null
          },
          {
            "alias": null,
            "args": null,
            "kind": "ScalarField",
            "name": "version",
            "storageKey": null
          },
          {
            "alias": null,
            "args": null,
            "kind": "ScalarField",
            "name": "totalMeters",
            "storageKey": null
          },
          {
            "alias": null,
            "args": null,
            "kind": "ScalarField",
            "name": "percent",
            "storageKey": null
          },
          {
            "alias": null,
            "args": null,
            "kind": "ScalarField",
            "name": "remainingMeters",
            "storageKey": null
          },
          {
            "alias": null,
            "args": null,
            "concreteType": "LatLng",
            "kind": "LinkedField",
            "name": "position",
            "plural": false,
            "selections": [
              {
                "alias": null,
                "args": null,
                "kind": "ScalarField",
                "name": "lat",
                "storageKey": null
              },
              {
                "alias": null,
                "args": null,
                "kind": "ScalarField",
                "name": "lng",
                "storageKey": null
              }
            ],
            "storageKey": null
          },
          {
            "alias": null,
            "args": null,
            "concreteType": "Waypoint",
            "kind": "LinkedField",
            "name": "nextWaypoint",
            "plural": false,
            "selections": [
              {
                "alias": null,
                "args": null,
                "kind": "ScalarField",
                "name": "name",
                "storageKey": null
              }
            ],
            "storageKey": null
          }
        ],
        "storageKey": null
      }
    ],
    "storageKey": null
  }
];
return {
  "fragment": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Fragment",
    "metadata": null,
    "name": "pageMarkerSubscription",
    "selections": (v1/*:: as any*/),
    "type": "Subscription",
    "abstractKey": null
  },
  "kind": "Request",
  "operation": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Operation",
    "name": "pageMarkerSubscription",
    "selections": (v1/*:: as any*/)
  },
  "params": {
    "cacheID": "0497cb6c47a82d7706480e104da45835",
    "id": null,
    "metadata": {},
    "name": "pageMarkerSubscription",
    "operationKind": "subscription",
    "text": "subscription pageMarkerSubscription(\n  $teamId: ID!\n) {\n  teamProgressUpdated(teamId: $teamId) {\n    progress {\n      id\n      version\n      totalMeters\n      percent\n      remainingMeters\n      position {\n        lat\n        lng\n      }\n      nextWaypoint {\n        name\n      }\n    }\n  }\n}\n"
  }
};
})();

node.hash = "02d905d9936dc29841f74c18e43b813d";

export default node;
