/// Stores tokens in a buffer, and counts those for which there is no room.
struct TokenWriter {
  private let buffer: UnsafeMutableBufferPointer<UInt32>
  /// How many tokens were given, stored or not.
  private(set) var count = 0

  init(_ buffer: UnsafeMutableBufferPointer<UInt32>) { self.buffer = buffer }

  mutating func append(_ token: UInt32) {
    if count < buffer.count { buffer[count] = token }
    count += 1
  }
}
