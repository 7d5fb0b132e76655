/** The port to whatever turns texts into vectors, so that near texts have near vectors. */
export interface Embedder {
  /**
   * A vector of length 1, always of as many dimensions; all zeros for a text without words.
   * May reject: then nothing is compared.
   */
  embed(text: string, signal: AbortSignal): Float32Array | Promise<Float32Array>;
}
