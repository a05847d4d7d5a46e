// What the origins are to know of a request, and where its WebSocket really is. Runs at CloudFront (cloudfront-js-2.0).
function handler(event) {
  var request = event.request;
  // Ours alone: what a client says by this name is overwritten.
  request.headers['x-viewer-address'] = { value: event.viewer.ip };
  // A path after the stage of a WebSocket API is refused with 403.
  if (request.uri === '/graphql/realtime') request.uri = '/';
  return request;
}
