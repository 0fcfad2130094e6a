/// What a session's handle points to: all of it that other threads may look at while the session works.
struct SessionHead {
  /// What ``mark`` is until the session is closed.
  private static let openMark: UInt64 = 0x5353_5351_6e65_704f

  /// The first word, by which a call tells a handle that it may use from others.
  private var mark = SessionHead.openMark
  /// Not 0 where no further token is to be taken.
  let cancellation: UnsafeMutablePointer<UInt32>
  /// The session itself.
  let storage: UnsafeMutablePointer<SessionStorage>

  init(_ storage: UnsafeMutablePointer<SessionStorage>, cancellation: UnsafeMutablePointer<UInt32>) {
    self.storage = storage
    self.cancellation = cancellation
  }

  /// Whether this is the head of a session that has not been closed.
  var isOpen: Bool { mark == SessionHead.openMark }

  /// Has calls on the session be refused from now on.
  mutating func close() { mark = 0 }
}
