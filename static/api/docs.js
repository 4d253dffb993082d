// Draws the description of the API; whatever it shows comes from this server.
(() => {
  "use strict";

  const place = document.getElementById("docs");
  const token = () => document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1];

  SwaggerUIBundle({
    url: place.dataset.schema,
    domNode: place,
    presets: [SwaggerUIBundle.presets.apis],
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    filter: true,
    // The public validator would be asked from elsewhere.
    validatorUrl: null,
    requestInterceptor: (request) => {
      // Somebody who is signed in to the pages writes by their session.
      if (request.method && request.method !== "GET" && token()) {
        request.headers["X-CSRFToken"] = token();
      }
      return request;
    },
  });
})();
