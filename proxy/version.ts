/** The version of Writ, as it introduces itself to tool servers and clients; a test holds it equal to package.json. */
export const version = '0.1.0'
