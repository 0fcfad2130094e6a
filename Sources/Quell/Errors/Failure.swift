import CQuell

/// Why a call failed: a status for programs and one line for people.
///
/// Nothing here is inlined: failures are many and rare, and the optimiser would take the text apart at each of them.
public struct Failure: Error, Sendable {
  /// The status, as the C API returns it.
  public let status: quell_status
  /// Where in the data the failure was found, or nil where that makes no sense.
  public private(set) var byteOffset: UInt64?
  /// What failed, where, and what to do.
  public var message: Message { words.message }

  #if hasFeature(Embedded)
    private var words: MessageParts
  #else
    private var words: Message
  #endif

  /// A failure of fixed text.
  @inline(never)
  public init(_ status: Int, _ text: StaticString) {
    self.status = quell_status(status)
    #if hasFeature(Embedded)
      words = MessageParts(text)
    #else
      words = Message(text)
    #endif
  }

  /// The failure with more fixed text.
  @inline(never)
  public consuming func then(_ text: StaticString) -> Failure {
    words.append(text)
    return self
  }

  /// The failure with a number after its text.
  @inline(never)
  public consuming func then(_ number: Int) -> Failure {
    words.append(number)
    return self
  }

  /// The failure with bytes of a file, a name for instance, after its text.
  @inline(never)
  public consuming func then(_ bytes: UnsafeRawBufferPointer) -> Failure {
    words.append(bytes)
    return self
  }

  /// The failure with the place in the data where it was found.
  @inline(never)
  public consuming func at(_ offset: Int) -> Failure {
    byteOffset = UInt64(offset)
    return self
  }
}

#if !hasFeature(Embedded)
  extension Failure: CustomStringConvertible {
    /// The message, and the byte where it was found.
    public var description: String {
      guard let byteOffset else { return message.description }
      return "\(message) (byte \(byteOffset))"
    }
  }
#endif
