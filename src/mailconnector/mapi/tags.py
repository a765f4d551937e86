"""Property tags of what Outlook keeps on stores, folders, messages, recipients and attachments.

The constants bear the names of [MS-OXPROPS] and [MS-PST]; strings have the Unicode type. `properties.tsv`
beside this module has these and many more, with their other names; `name_of` and `tag_named` read it.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

from mailconnector.mapi.types import PropertyType

# Message envelope, 0x0001-0x0BFF
PidTagNull = 0x00000001
PidTagAcknowledgementMode = 0x00010003
PidTagAlternateRecipientAllowed = 0x0002000B
PidTagAutoForwarded = 0x0005000B
PidTagConversationKey = 0x000B0102
PidTagConversionWithLossProhibited = 0x000D000B
PidTagDeferredDeliveryTime = 0x000F0040
PidTagExpiryTime = 0x00150040
PidTagImportance = 0x00170003
PidTagMessageClass = 0x001A001F
PidTagOriginatorDeliveryReportRequested = 0x0023000B
PidTagPriority = 0x00260003
PidTagReadReceiptRequested = 0x0029000B
PidTagRecipientReassignmentProhibited = 0x002B000B
PidTagOriginalSensitivity = 0x002E0003
PidTagReplyTime = 0x00300040
PidTagReportTag = 0x00310102
PidTagReportTime = 0x00320040
PidTagSensitivity = 0x00360003
PidTagSubject = 0x0037001F
PidTagSubjectMessageId = 0x00380102
PidTagClientSubmitTime = 0x00390040
PidTagReportName = 0x003A001F
PidTagSentRepresentingSearchKey = 0x003B0102
PidTagSubjectPrefix = 0x003D001F
PidTagReceivedByEntryId = 0x003F0102
PidTagReceivedByName = 0x0040001F
PidTagSentRepresentingEntryId = 0x00410102
PidTagSentRepresentingName = 0x0042001F
PidTagReceivedRepresentingEntryId = 0x00430102
PidTagReceivedRepresentingName = 0x0044001F
PidTagReportEntryId = 0x00450102
PidTagReadReceiptEntryId = 0x00460102
PidTagMessageSubmissionId = 0x00470102
PidTagProviderSubmitTime = 0x00480040
PidTagOriginalSubject = 0x0049001F
PidTagOriginalMessageClass = 0x004B001F
PidTagOriginalAuthorEntryId = 0x004C0102
PidTagOriginalAuthorName = 0x004D001F
PidTagOriginalSubmitTime = 0x004E0040
PidTagReplyRecipientEntries = 0x004F0102
PidTagReplyRecipientNames = 0x0050001F
PidTagReceivedBySearchKey = 0x00510102
PidTagReceivedRepresentingSearchKey = 0x00520102
PidTagReadReceiptSearchKey = 0x00530102
PidTagReportSearchKey = 0x00540102
PidTagOriginalDeliveryTime = 0x00550040
PidTagOriginalAuthorSearchKey = 0x00560102
PidTagMessageToMe = 0x0057000B
PidTagMessageCcMe = 0x0058000B
PidTagMessageRecipientMe = 0x0059000B
PidTagOriginalSenderName = 0x005A001F
PidTagOriginalSenderEntryId = 0x005B0102
PidTagOriginalSenderSearchKey = 0x005C0102
PidTagOriginalSentRepresentingName = 0x005D001F
PidTagOriginalSentRepresentingEntryId = 0x005E0102
PidTagOriginalSentRepresentingSearchKey = 0x005F0102
PidTagStartDate = 0x00600040
PidTagEndDate = 0x00610040
PidTagOwnerAppointmentId = 0x00620003
PidTagResponseRequested = 0x0063000B
PidTagSentRepresentingAddressType = 0x0064001F
PidTagSentRepresentingEmailAddress = 0x0065001F
PidTagOriginalSenderAddressType = 0x0066001F
PidTagOriginalSenderEmailAddress = 0x0067001F
PidTagOriginalSentRepresentingAddressType = 0x0068001F
PidTagOriginalSentRepresentingEmailAddress = 0x0069001F
PidTagConversationTopic = 0x0070001F
PidTagConversationIndex = 0x00710102
PidTagOriginalDisplayBcc = 0x0072001F
PidTagOriginalDisplayCc = 0x0073001F
PidTagOriginalDisplayTo = 0x0074001F
PidTagReceivedByAddressType = 0x0075001F
PidTagReceivedByEmailAddress = 0x0076001F
PidTagReceivedRepresentingAddressType = 0x0077001F
PidTagReceivedRepresentingEmailAddress = 0x0078001F
PidTagOriginalAuthorAddressType = 0x0079001F
PidTagOriginalAuthorEmailAddress = 0x007A001F
PidTagTransportMessageHeaders = 0x007D001F
PidTagTnefCorrelationKey = 0x007F0102
PidTagReportDisposition = 0x0080001F
PidTagReportDispositionMode = 0x0081001F
PidTagReportOriginalSender = 0x0082001F
PidTagReportDispositionToNames = 0x0083101F
PidTagReportDispositionToEmailAddresses = 0x0084101F
PidTagReportDispositionOptions = 0x0085001F

# Recipients, 0x0C00-0x0DFF
PidTagNonDeliveryReportReasonCode = 0x0C040003
PidTagNonDeliveryReportDiagCode = 0x0C050003
PidTagNonReceiptNotificationRequested = 0x0C06000B
PidTagDeliveryPoint = 0x0C070003
PidTagOriginatorNonDeliveryReportRequested = 0x0C08000B
PidTagRecipientType = 0x0C150003
PidTagReplyRequested = 0x0C17000B
PidTagSenderEntryId = 0x0C190102
PidTagSenderName = 0x0C1A001F
PidTagSupplementaryInfo = 0x0C1B001F
PidTagSenderSearchKey = 0x0C1D0102
PidTagSenderAddressType = 0x0C1E001F
PidTagSenderEmailAddress = 0x0C1F001F
PidTagNonDeliveryReportStatusCode = 0x0C200003
PidTagRemoteMessageTransferAgent = 0x0C21001F

# Not transmitted, 0x0E00-0x0FFF
PidTagDeleteAfterSubmit = 0x0E01000B
PidTagDisplayBcc = 0x0E02001F
PidTagDisplayCc = 0x0E03001F
PidTagDisplayTo = 0x0E04001F
PidTagParentDisplay = 0x0E05001F
PidTagMessageDeliveryTime = 0x0E060040
PidTagMessageFlags = 0x0E070003
PidTagMessageSize = 0x0E080003
PidTagMessageSizeExtended = 0x0E080014
PidTagParentEntryId = 0x0E090102
PidTagSentMailEntryId = 0x0E0A0102
PidTagResponsibility = 0x0E0F000B
PidTagMessageRecipients = 0x0E12000D
PidTagMessageAttachments = 0x0E13000D
PidTagRecipientStatus = 0x0E150003
PidTagMessageStatus = 0x0E170003
PidTagHasAttachments = 0x0E1B000B
PidTagNormalizedSubject = 0x0E1D001F
PidTagRtfInSync = 0x0E1F000B
PidTagAttachSize = 0x0E200003
PidTagAttachNumber = 0x0E210003
PidTagInternetArticleNumber = 0x0E230003
PidTagSecurityDescriptor = 0x0E270102
PidTagPrimarySendAccount = 0x0E28001F
PidTagNextSendAcct = 0x0E29001F
PidTagExchangeRemoteHeader = 0x0E2A000B
PidTagToDoItemFlags = 0x0E2B0003
PidTagReplItemid = 0x0E300102
PidTagReplChangenum = 0x0E330014
PidTagReplVersionHistory = 0x0E340102
PidTagReplFlags = 0x0E380003
PidTagReplCopiedfromVersionhistory = 0x0E3C0102
PidTagReplCopiedfromItemid = 0x0E3D0102
PidTagUrlCompNameSet = 0x0E62000B
PidTagRead = 0x0E69000B
PidTagTrustSender = 0x0E790003
PidTagExchangeNTSecurityDescriptor = 0x0E840102
PidTagTnefUnprocessedProps = 0x0E9C0102
PidTagProviderItemId = 0x0EA30102
PidTagProviderParentItemId = 0x0EA40102
PidTagSearchAttachments = 0x0EA5001F
PidTagSearchRecipientEmailTo = 0x0EA6001F
PidTagSearchRecipientEmailCc = 0x0EA7001F
PidTagSearchRecipientEmailBcc = 0x0EA8001F
PidTagAccess = 0x0FF40003
PidTagInstanceKey = 0x0FF60102
PidTagAccessLevel = 0x0FF70003
PidTagMappingSignature = 0x0FF80102
PidTagRecordKey = 0x0FF90102
PidTagStoreRecordKey = 0x0FFA0102
PidTagStoreEntryId = 0x0FFB0102
PidTagObjectType = 0x0FFE0003
PidTagEntryId = 0x0FFF0102

# Message content, 0x1000-0x2FFF
PidTagBody = 0x1000001F
PidTagReportText = 0x1001001F
PidTagRtfSyncBodyCrc = 0x10060003
PidTagRtfSyncBodyCount = 0x10070003
PidTagRtfSyncBodyTag = 0x1008001F
PidTagRtfCompressed = 0x10090102
PidTagRtfSyncPrefixCount = 0x10100003
PidTagRtfSyncTrailingCount = 0x10110003
PidTagBodyHtml = 0x1013001F
PidTagHtml = 0x10130102
PidTagBodyContentLocation = 0x1014001F
PidTagBodyContentId = 0x1015001F
PidTagNativeBody = 0x10160003
PidTagInternetLines = 0x10340003
PidTagInternetMessageId = 0x1035001F
PidTagInternetOrganization = 0x1037001F
PidTagInternetReferences = 0x1039001F
PidTagInReplyToId = 0x1042001F
PidTagListHelp = 0x1043001F
PidTagListSubscribe = 0x1044001F
PidTagListUnsubscribe = 0x1045001F
PidTagInternetReturnPath = 0x1046001F
PidTagOriginalMessageId = 0x1046001F
PidTagIconIndex = 0x10800003
PidTagLastVerbExecuted = 0x10810003
PidTagLastVerbExecutionTime = 0x10820040
PidTagFlagStatus = 0x10900003
PidTagFlagCompleteTime = 0x10910040
PidTagFollowupIcon = 0x10950003
PidTagItemTemporaryFlags = 0x10970003
PidTagConflictItems = 0x10981102
PidTagUrlCompName = 0x10F3001F
PidTagAttributeHidden = 0x10F4000B
PidTagAttributeSystem = 0x10F5000B
PidTagAttributeReadOnly = 0x10F6000B

# Every object, 0x3000-0x33FF
PidTagRowid = 0x30000003
PidTagDisplayName = 0x3001001F
PidTagAddressType = 0x3002001F
PidTagEmailAddress = 0x3003001F
PidTagComment = 0x3004001F
PidTagDepth = 0x30050003
PidTagCreationTime = 0x30070040
PidTagLastModificationTime = 0x30080040
PidTagSearchKey = 0x300B0102
PidTagOriginalMessageEntryId = 0x300F0102
PidTagTargetEntryId = 0x30100102
PidTagConversationId = 0x30130102
PidTagConversationIndexTracking = 0x3016000B
PidTagArchiveTag = 0x30180102
PidTagPolicyTag = 0x30190102
PidTagRetentionPeriod = 0x301A0003
PidTagStartDateEtc = 0x301B0102
PidTagRetentionDate = 0x301C0040
PidTagRetentionFlags = 0x301D0003
PidTagArchivePeriod = 0x301E0003
PidTagArchiveDate = 0x301F0040

# Message stores, 0x3400-0x35FF
PidTagDefaultStore = 0x3400000B
PidTagStoreSupportMask = 0x340D0003
PidTagStoreUnicodeMask = 0x340F0003
PidTagStoreProvider = 0x34140102
PidTagValidFolderMask = 0x35DF0003
PidTagIpmSubtreeEntryId = 0x35E00102
PidTagIpmOutboxEntryId = 0x35E20102
PidTagIpmWastebasketEntryId = 0x35E30102
PidTagIpmSentMailEntryId = 0x35E40102
PidTagViewsEntryId = 0x35E50102
PidTagCommonViewsEntryId = 0x35E60102
PidTagFinderEntryId = 0x35E70102

# Folders, 0x3600-0x36FF
PidTagContainerFlags = 0x36000003
PidTagFolderType = 0x36010003
PidTagContentCount = 0x36020003
PidTagContentUnreadCount = 0x36030003
PidTagSubfolders = 0x360A000B
PidTagContainerHierarchy = 0x360E000D
PidTagContainerContents = 0x360F000D
PidTagFolderAssociatedContents = 0x3610000D
PidTagContainerClass = 0x3613001F
PidTagDefaultViewEntryId = 0x36160102
PidTagAssociatedContentCount = 0x36170003
PidTagIpmAppointmentEntryId = 0x36D00102
PidTagIpmContactEntryId = 0x36D10102
PidTagIpmJournalEntryId = 0x36D20102
PidTagIpmNoteEntryId = 0x36D30102
PidTagIpmTaskEntryId = 0x36D40102
PidTagRemindersOnlineEntryId = 0x36D50102
PidTagIpmDraftsEntryId = 0x36D70102
PidTagAdditionalRenEntryIds = 0x36D81102
PidTagAdditionalRenEntryIdsEx = 0x36D90102
PidTagExtendedFolderFlags = 0x36DA0102
PidTagOrdinalMost = 0x36E20003
PidTagUserFields = 0x36E30102
PidTagFreeBusyEntryIds = 0x36E41102

# Attachments, 0x3700-0x38FF
PidTagAttachmentX400Parameters = 0x37000102
PidTagAttachDataObject = 0x3701000D
PidTagAttachDataBinary = 0x37010102
PidTagAttachEncoding = 0x37020102
PidTagAttachExtension = 0x3703001F
PidTagAttachFilename = 0x3704001F
PidTagAttachMethod = 0x37050003
PidTagAttachLongFilename = 0x3707001F
PidTagAttachPathname = 0x3708001F
PidTagAttachRendering = 0x37090102
PidTagAttachTag = 0x370A0102
PidTagRenderingPosition = 0x370B0003
PidTagAttachTransportName = 0x370C001F
PidTagAttachLongPathname = 0x370D001F
PidTagAttachMimeTag = 0x370E001F
PidTagAttachAdditionalInformation = 0x370F0102
PidTagAttachMimeSequence = 0x37100003
PidTagAttachContentBase = 0x3711001F
PidTagAttachContentId = 0x3712001F
PidTagAttachContentLocation = 0x3713001F
PidTagAttachFlags = 0x37140003
PidTagAttachPayloadProviderGuidString = 0x3719001F
PidTagAttachPayloadClass = 0x371A001F
PidTagTextAttachmentCharset = 0x371B001F

# Address entries, 0x3900-0x39FF
PidTagDisplayType = 0x39000003
PidTagTemplateid = 0x39020102
PidTagDisplayTypeEx = 0x39050003
PidTagSmtpAddress = 0x39FE001F
PidTag7BitDisplayName = 0x39FF001F
PidTagAddressBookDisplayNamePrintable = 0x39FF001F

# Users and contacts, 0x3A00-0x3BFF
PidTagAccount = 0x3A00001F
PidTagCallbackTelephoneNumber = 0x3A02001F
PidTagGeneration = 0x3A05001F
PidTagGivenName = 0x3A06001F
PidTagBusinessTelephoneNumber = 0x3A08001F
PidTagHomeTelephoneNumber = 0x3A09001F
PidTagInitials = 0x3A0A001F
PidTagKeyword = 0x3A0B001F
PidTagLanguage = 0x3A0C001F
PidTagLocation = 0x3A0D001F
PidTagSurname = 0x3A11001F
PidTagOriginalEntryId = 0x3A120102
PidTagOriginalDisplayName = 0x3A13001F
PidTagOriginalSearchKey = 0x3A140102
PidTagPostalAddress = 0x3A15001F
PidTagCompanyName = 0x3A16001F
PidTagTitle = 0x3A17001F
PidTagDepartmentName = 0x3A18001F
PidTagOfficeLocation = 0x3A19001F
PidTagPrimaryTelephoneNumber = 0x3A1A001F
PidTagBusiness2TelephoneNumber = 0x3A1B001F
PidTagBusiness2TelephoneNumbers = 0x3A1B101F
PidTagMobileTelephoneNumber = 0x3A1C001F
PidTagRadioTelephoneNumber = 0x3A1D001F
PidTagCarTelephoneNumber = 0x3A1E001F
PidTagOtherTelephoneNumber = 0x3A1F001F
PidTagTransmittableDisplayName = 0x3A20001F
PidTagPagerTelephoneNumber = 0x3A21001F
PidTagUserCertificate = 0x3A220102
PidTagPrimaryFaxNumber = 0x3A23001F
PidTagBusinessFaxNumber = 0x3A24001F
PidTagHomeFaxNumber = 0x3A25001F
PidTagCountry = 0x3A26001F
PidTagLocality = 0x3A27001F
PidTagStateOrProvince = 0x3A28001F
PidTagStreetAddress = 0x3A29001F
PidTagPostalCode = 0x3A2A001F
PidTagPostOfficeBox = 0x3A2B001F
PidTagIsdnNumber = 0x3A2D001F
PidTagAssistantTelephoneNumber = 0x3A2E001F
PidTagHome2TelephoneNumber = 0x3A2F001F
PidTagHome2TelephoneNumbers = 0x3A2F101F
PidTagAssistant = 0x3A30001F
PidTagSendRichInfo = 0x3A40000B
PidTagWeddingAnniversary = 0x3A410040
PidTagBirthday = 0x3A420040
PidTagHobbies = 0x3A43001F
PidTagMiddleName = 0x3A44001F
PidTagDisplayNamePrefix = 0x3A45001F
PidTagProfession = 0x3A46001F
PidTagReferredByName = 0x3A47001F
PidTagSpouseName = 0x3A48001F
PidTagComputerNetworkName = 0x3A49001F
PidTagCustomerId = 0x3A4A001F
PidTagTelecommunicationsDeviceForDeafTelephoneNumber = 0x3A4B001F
PidTagFtpSite = 0x3A4C001F
PidTagGender = 0x3A4D0002
PidTagManagerName = 0x3A4E001F
PidTagNickname = 0x3A4F001F
PidTagPersonalHomePage = 0x3A50001F
PidTagBusinessHomePage = 0x3A51001F
PidTagCompanyMainTelephoneNumber = 0x3A57001F
PidTagChildrensNames = 0x3A58101F
PidTagHomeAddressCity = 0x3A59001F
PidTagHomeAddressCountry = 0x3A5A001F
PidTagHomeAddressPostalCode = 0x3A5B001F
PidTagHomeAddressStateOrProvince = 0x3A5C001F
PidTagHomeAddressStreet = 0x3A5D001F
PidTagHomeAddressPostOfficeBox = 0x3A5E001F
PidTagOtherAddressCity = 0x3A5F001F
PidTagOtherAddressCountry = 0x3A60001F
PidTagOtherAddressPostalCode = 0x3A61001F
PidTagOtherAddressStateOrProvince = 0x3A62001F
PidTagOtherAddressStreet = 0x3A63001F
PidTagOtherAddressPostOfficeBox = 0x3A64001F
PidTagSendInternetEncoding = 0x3A710003

# Other envelope properties, 0x3F00-0x57FF
PidTagInternetCodepage = 0x3FDE0003
PidTagAutoResponseSuppress = 0x3FDF0003
PidTagAccessControlListData = 0x3FE00102
PidTagRulesTable = 0x3FE1000D
PidTagRulesData = 0x3FE10102
PidTagResolveMethod = 0x3FE70003
PidTagHasDeferredActionMessages = 0x3FEA000B
PidTagDeferredSendNumber = 0x3FEB0003
PidTagDeferredSendUnits = 0x3FEC0003
PidTagExpiryNumber = 0x3FED0003
PidTagExpiryUnits = 0x3FEE0003
PidTagDeferredSendTime = 0x3FEF0040
PidTagConflictEntryId = 0x3FF00102
PidTagMessageLocaleId = 0x3FF10003
PidTagCreatorName = 0x3FF8001F
PidTagCreatorEntryId = 0x3FF90102
PidTagLastModifierName = 0x3FFA001F
PidTagLastModifierEntryId = 0x3FFB0102
PidTagMessageCodepage = 0x3FFD0003
PidTagSenderFlags = 0x40190003
PidTagSentRepresentingFlags = 0x401A0003
PidTagReceivedByFlags = 0x401B0003
PidTagReceivedRepresentingFlags = 0x401C0003
PidTagCreatorAddressType = 0x4022001F
PidTagCreatorEmailAddress = 0x4023001F
PidTagReadReceiptAddressType = 0x4029001F
PidTagReadReceiptEmailAddress = 0x402A001F
PidTagReadReceiptName = 0x402B001F
PidTagSenderSimpleDisplayName = 0x4030001F
PidTagSentRepresentingSimpleDisplayName = 0x4031001F
PidTagCreatorSimpleDisplayName = 0x4038001F
PidTagLastModifierSimpleDisplayName = 0x4039001F
PidTagContentFilterSpamConfidenceLevel = 0x40760003
PidTagSenderIdStatus = 0x40790003
PidTagPurportedSenderDomain = 0x4083001F
PidTagContentFilterPhishingConfidenceLevel = 0x40840003

# Other recipient properties, 0x5800-0x5FFF
PidTagInternetMailOverrideFormat = 0x59020003
PidTagMessageEditorFormat = 0x59090003
PidTagSenderSmtpAddress = 0x5D01001F
PidTagSentRepresentingSmtpAddress = 0x5D02001F
PidTagReadReceiptSmtpAddress = 0x5D05001F
PidTagReceivedBySmtpAddress = 0x5D07001F
PidTagReceivedRepresentingSmtpAddress = 0x5D08001F
PidTagRecipientResourceState = 0x5FDE0003
PidTagRecipientOrder = 0x5FDF0003
PidTagRecipientProposed = 0x5FE1000B
PidTagRecipientProposedStartTime = 0x5FE30040
PidTagRecipientProposedEndTime = 0x5FE40040
PidTagRecipientDisplayName = 0x5FF6001F
PidTagRecipientEntryId = 0x5FF70102
PidTagRecipientTrackStatusTime = 0x5FFB0040
PidTagRecipientFlags = 0x5FFD0003
PidTagRecipientTrackStatus = 0x5FFF0003

# Not transmitted: change numbers, rules, the PST provider's own, 0x6000-0x67FF
PidTagMimeSkeleton = 0x64F00102
PidTagSecureSubmitFlags = 0x65C60003
PidTagSourceKey = 0x65E00102
PidTagParentSourceKey = 0x65E10102
PidTagChangeKey = 0x65E20102
PidTagPredecessorChangeList = 0x65E30102
PidTagPstBodyPrefix = 0x6619001F
PidTagMailboxOwnerEntryId = 0x661B0102
PidTagMailboxOwnerName = 0x661C001F
PidTagPstBestBodyProptag = 0x661D0003
PidTagNonIpmSubtreeEntryId = 0x66200102
PidTagContactAddressBookFolderEntryIds = 0x66201102
PidTagSchedulePlusFreeBusyEntryId = 0x66220102
PidTagContactAddressBookStoreEntryIds = 0x66261102
PidTagPstLrNoRestrictions = 0x6633000B
PidTagPstHiddenCount = 0x66350003
PidTagPstHiddenUnread = 0x66360003
PidTagRights = 0x66390003
PidTagHasRules = 0x663A000B
PidTagRecipientNumber = 0x66620003
PidTagInConflict = 0x666C000B
PidTagMaximumSubmitMessageSize = 0x666D0003
PidTagShortTermEntryIdFromObject = 0x66710102
PidTagShortTermParentEntryIdFromObject = 0x66720102
PidTagDeletedOn = 0x668F0040
PidTagLocaleId = 0x66A10003
PidTagFolderFlags = 0x66A80003
PidTagLatestPstEnsure = 0x66FA0003
PidTagPstIpmsubTreeDescendant = 0x6705000B
PidTagSentMailSvrEID = 0x674000FB
PidTagPstSubTreeContainer = 0x67720003
PidTagChangeNumber = 0x67A40014
PidTagAssociated = 0x67AA000B
PidTagLtpParentNid = 0x67F10003
PidTagLtpRowId = 0x67F20003
PidTagLtpRowVer = 0x67F30003
PidTagPstPassword = 0x67FF0003

# By message class: free/busy, search folders, navigation links, views, 0x6800-0x7BFF
PidTagOfflineAddressBookName = 0x6800001F
PidTagVoiceMessageDuration = 0x68010003
PidTagSenderTelephoneNumber = 0x6802001F
PidTagRwRulesStream = 0x68020102
PidTagSendOutlookRecallReport = 0x6803000B
PidTagVoiceMessageSenderName = 0x6803001F
PidTagVoiceMessageAttachmentOrder = 0x6805001F
PidTagOfflineAddressBookTruncatedProperties = 0x68051003
PidTagReportingMessageTransferAgent = 0x6820001F
PidTagMapiFormComposeCommand = 0x682F001F
PidTagSearchFolderLastUsed = 0x68340003
PidTagSearchFolderExpiration = 0x683A0003
PidTagScheduleInfoResourceType = 0x68410003
PidTagSearchFolderTemplateId = 0x68410003
PidTagScheduleInfoDelegatorWantsCopy = 0x6842000B
PidTagSearchFolderId = 0x68420102
PidTagWlinkGroupHeaderID = 0x68420102
PidTagScheduleInfoDontMailDelegates = 0x6843000B
PidTagSearchFolderRecreateInfo = 0x68440102
PidTagScheduleInfoDelegateNames = 0x6844101F
PidTagSearchFolderDefinition = 0x68450102
PidTagScheduleInfoDelegateEntryIds = 0x68451102
PidTagSearchFolderStorageType = 0x68460003
PidTagFreeBusyPublishStart = 0x68470003
PidTagSearchFolderTag = 0x68470003
PidTagWlinkSaveStamp = 0x68470003
PidTagFreeBusyPublishEnd = 0x68480003
PidTagSearchFolderEfpFlags = 0x68480003
PidTagWlinkType = 0x68490003
PidTagFreeBusyMessageEmailAddress = 0x6849001F
PidTagWlinkFlags = 0x684A0003
PidTagScheduleInfoDelegateNamesW = 0x684A101F
PidTagScheduleInfoDelegatorWantsInfo = 0x684B000B
PidTagWlinkOrdinal = 0x684B0102
PidTagWlinkEntryId = 0x684C0102
PidTagWlinkRecordKey = 0x684D0102
PidTagWlinkStoreEntryId = 0x684E0102
PidTagWlinkFolderType = 0x684F0102
PidTagWlinkGroupClsid = 0x68500102
PidTagScheduleInfoFreeBusyMerged = 0x68501102
PidTagWlinkGroupName = 0x6851001F
PidTagWlinkSection = 0x68520003
PidTagScheduleInfoFreeBusyTentative = 0x68521102
PidTagWlinkCalendarColor = 0x68530003
PidTagScheduleInfoFreeBusyBusy = 0x68541102
PidTagScheduleInfoFreeBusyAway = 0x68561102
PidTagFreeBusyRangeTimestamp = 0x68680040
PidTagFreeBusyCountMonths = 0x68690003
PidTagScheduleInfoAppointmentTombstone = 0x686A0102
PidTagDelegateFlags = 0x686B1003
PidTagScheduleInfoFreeBusy = 0x686C0102
PidTagScheduleInfoAutoAcceptAppointments = 0x686D000B
PidTagScheduleInfoDisallowRecurringAppts = 0x686E000B
PidTagScheduleInfoDisallowOverlappingAppts = 0x686F000B
PidTagViewDescriptorBinary = 0x70010102
PidTagViewDescriptorStrings = 0x7002001F
PidTagViewDescriptorFlags = 0x70030003
PidTagViewDescriptorLinkTo = 0x70040102
PidTagViewDescriptorViewFolder = 0x70050102
PidTagViewDescriptorName = 0x7006001F
PidTagViewDescriptorVersion = 0x70070003

# By message class, not transmitted: configuration, attachments of exceptions, 0x7C00-0x7FFF
PidTagRoamingDatatypes = 0x7C060003
PidTagRoamingDictionary = 0x7C070102
PidTagRoamingXmlStream = 0x7C080102
PidTagRoamingBinary = 0x7C090102
PidTagProcessed = 0x7D01000B
PidTagExceptionReplaceTime = 0x7FF90040
PidTagAttachmentLinkId = 0x7FFA0003
PidTagExceptionStartTime = 0x7FFB0040
PidTagExceptionEndTime = 0x7FFC0040
PidTagAttachmentFlags = 0x7FFD0003
PidTagAttachmentHidden = 0x7FFE000B
PidTagAttachmentContactPhoto = 0x7FFF000B

# Only in the name-to-id map, [MS-PST] 2.4.7, where these ids mean something else than on messages
PidTagNameidBucketCount = 0x00010003
PidTagNameidStreamGuid = 0x00020102
PidTagNameidStreamEntry = 0x00030102
PidTagNameidStreamString = 0x00040102
PidTagNameidBucketBase = 0x10000102


@cache
def _tables() -> tuple[dict[int, str], dict[str, int]]:
    names: dict[int, str] = {}
    tags: dict[str, int] = {}
    text = resources.files("mailconnector.mapi").joinpath("properties.tsv").read_text("ascii")
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        property_id, property_type, name, alternate = line.split("\t")
        tag = int(property_id, 16) << 16 | int(property_type, 16)
        names.setdefault(tag, name)
        tags[name.casefold()] = tag
        if alternate:
            tags.setdefault(alternate.casefold(), tag)
    return names, tags


def name_of(tag: int) -> str | None:
    """Return the canonical name of a tag, such as "PidTagSubject"; None when it has none.

    STRING8 and STRING have one name. Other types must match: the same id often means two things. Ids from 0x8000 on
    have none, since they stand for named properties.
    """
    if tag & 0xEFFF == PropertyType.STRING8:
        tag |= 1
    return _tables()[0].get(tag)


def tag_named(name: str) -> int | None:
    """Return the tag of a canonical or alternate name, "PidTagSubject" or "PR_SUBJECT"; None when unknown.

    Case does not matter. A string property has the Unicode type.
    """
    return _tables()[1].get(name.casefold())
